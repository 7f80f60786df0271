"""Command line of the benchmarks: `python -m benchmarks [SUITE ...]`."""

import dataclasses
import json
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import tyro

from benchmarks import machine, suites
from experiments._shared.files import write_atomically

RESULTS = Path(__file__).parent / "results"


@dataclasses.dataclass(frozen=True)
class Benchmarks:
    """Measure the library and its alternatives side by side."""

    suites: tyro.conf.Positional[tuple[str, ...]] = ()
    """Suites to run: update, step, trainer, solve, scaling, quality, overhead. Default: all."""
    quick: bool = False
    """Use tiny sizes, to test that the suites run. The measurements are meaningless."""
    redraw: bool = False
    """Rebuild the tables and figures from the JSON files, without measuring."""
    data: str = ""
    """Image dataset of the suite quality: hub name or folder. Default: scikit-learn's digits."""
    out: Path = RESULTS
    """Folder for the JSON files, tables and figures."""


def main(command: Benchmarks) -> None:
    """Runs each suite in a separate process, or in this one if `--here` is given."""
    names = command.suites or tuple(suites.DEVICES)
    for name in names:
        suites.load(name)  # fails on an unknown name before any suite runs
    if (len(names) == 1 and "--here" in sys.argv) or command.redraw:
        for name in names:
            run_suite(name, command)
        return
    options = ["--here", *(["--quick"] if command.quick else [])]
    options += ["--out", str(command.out), "--data", command.data]
    for name in names:
        command_line = [sys.executable, "-m", "benchmarks", name, *options]
        subprocess.run(command_line, env=suites.environment(name), check=True)


def run_suite(name: str, command: Benchmarks) -> None:
    """Runs a suite, or rebuilds its table and figure, and prints the table."""
    suite, path = suites.load(name), command.out / f"{name}.json"
    if not command.redraw:
        start, about = time.perf_counter(), machine.describe()
        result = suite.run(configure(suite, command), report_progress)
        seconds = round(time.perf_counter() - start, 1)
        record = {"machine": about, "seconds": seconds, **result}
        write_atomically(path, json.dumps(record, indent=1) + "\n")
    record = json.loads(path.read_text())
    text = f"{machine.heading(name, record['machine'])}\n\n{suite.report(record)}\n"
    write_atomically(path.with_suffix(".md"), text)
    print(text)
    if hasattr(suite, "draw"):
        suite.draw(record, path.with_suffix(".png"))


def configure(suite: ModuleType, command: Benchmarks) -> Any:
    """Returns the configuration of a suite, updated from the command line."""
    config = suite.QUICK if command.quick else suite.Config()
    if hasattr(config, "runs"):
        runs = command.out / config.runs
        config = dataclasses.replace(config, data=command.data, runs=runs)
    return config


def report_progress(line: str) -> None:
    """Prints a line of progress to standard error."""
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main(tyro.cli(Benchmarks, args=[word for word in sys.argv[1:] if word != "--here"]))
