"""Benchmarks: `python -m benchmarks [SUITE ...]`; results in benchmarks/results."""

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

RESULTS = Path(__file__).parent / "results"


@dataclasses.dataclass(frozen=True)
class Benchmarks:
    """Measure the library and its alternatives side by side, in one run."""

    suites: tyro.conf.Positional[tuple[str, ...]] = ()
    """Any of update, step, trainer, solve, scaling, quality, overhead; by default all."""
    quick: bool = False
    """Tiny sizes, to see that everything runs; the figures mean nothing."""
    redraw: bool = False
    """Write the tables and draw the figures again, from the JSON files."""
    data: str = ""
    """Of quality: a folder or hub name of images in place of scikit-learn's digits."""
    out: Path = RESULTS
    """Folder of the JSON files, tables and figures."""


def main(command: Benchmarks) -> None:
    """Runs one suite here, several one after another in processes of their own."""
    names = command.suites or tuple(suites.DEVICES)
    for name in names:
        suites.load(name)  # a wrong name stops before anything runs
    if (len(names) == 1 and "--here" in sys.argv) or command.redraw:
        for name in names:
            one(name, command)
        return
    options = ["--here", *(["--quick"] if command.quick else [])]
    options += ["--out", str(command.out), "--data", command.data]
    for name in names:
        words = [sys.executable, "-m", "benchmarks", name, *options]
        subprocess.run(words, env=suites.environment(name), check=True)


def one(name: str, command: Benchmarks) -> None:
    """Runs or redraws a suite, and prints its table."""
    suite, path = suites.load(name), command.out / f"{name}.json"
    if not command.redraw:
        start, about = time.perf_counter(), machine.describe()
        result = suite.run(configure(suite, command), note)
        seconds = round(time.perf_counter() - start, 1)
        path.parent.mkdir(parents=True, exist_ok=True)
        record = {"machine": about, "seconds": seconds, **result}
        path.write_text(json.dumps(record, indent=1) + "\n")
    record = json.loads(path.read_text())
    text = f"{machine.heading(name, record['machine'])}\n\n{suite.report(record)}\n"
    path.with_suffix(".md").write_text(text)
    print(text)
    if hasattr(suite, "draw"):
        suite.draw(record, path.with_suffix(".png"))


def configure(suite: ModuleType, command: Benchmarks) -> Any:
    """Returns the suite's configuration, with what was given on the command line."""
    config = suite.QUICK if command.quick else suite.Config()
    if hasattr(config, "runs"):
        runs = command.out / config.runs
        config = dataclasses.replace(config, data=command.data, runs=runs)
    return config


def note(line: str) -> None:
    """Says what is being measured."""
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main(tyro.cli(Benchmarks, args=[word for word in sys.argv[1:] if word != "--here"]))
