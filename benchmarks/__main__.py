"""Command line of the benchmarks: `python -m benchmarks [SUITE ...]`."""

import argparse
import dataclasses
import inspect
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import jax

from benchmarks import machine, store, suites
from experiments._shared.files import Busy, only_writer, write_atomically

RESULTS = Path(__file__).parent / "results"


def parse(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Returns the arguments of the command line."""
    description = "Measure the library and its alternatives side by side."
    parser = argparse.ArgumentParser("python -m benchmarks", description=description)
    parser.add_argument(
        "suites", nargs="*", metavar="SUITE", help=f"Default: all of {', '.join(suites.DEVICES)}."
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="Use tiny sizes, to test that the suites run. The measurements are meaningless.",
    )
    parser.add_argument(
        "--redraw",
        action="store_true",
        help="Rebuild the tables and figures of all devices from the JSON files.",
    )
    parser.add_argument(
        "--data",
        default="",
        help="Image dataset of the suites quality and start: hub name or folder. Default: digits, "
        "and the one of the preset.",
    )
    parser.add_argument(
        "--before",
        default="",
        help="Checkout of another commit, which the suite start starts in alternation.",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=RESULTS,
        help="Folder for the JSON files, tables and figures. Default: %(default)s.",
    )
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args(words)


def main(command: argparse.Namespace) -> None:
    """Runs each suite in a separate process, or in this one if `--here` is given."""
    names = tuple(command.suites) or tuple(suites.DEVICES)
    for name in names:
        suites.load(name)  # fails on an unknown name before any suite runs
    if command.redraw:
        for name in names:
            for path in sorted(command.out.glob(f"{name}-*.json")):
                write_report(name, path)
        return
    if len(names) == 1 and command.here:
        try:
            run_suite(names[0], command)
        except Busy as error:
            sys.exit(f"error: {error}")
        return
    options = ["--here", *(["--quick"] if command.quick else [])]
    options += ["--out", str(command.out), "--data", command.data, "--before", command.before]
    for name in names:
        command_line = [sys.executable, "-m", "benchmarks", name, *options]
        subprocess.run(command_line, env=suites.environment(name), check=True)


def run_suite(name: str, command: argparse.Namespace) -> Path:
    """Runs a suite, writes its record, table and figure, and returns the path of the record.

    Results of single cases are kept next to the record while the suite runs, so that an
    interrupted suite continues after the last finished case.
    """
    suite, about = suites.load(name), machine.describe()
    config = suites.configure(suite, jax.devices()[0].platform, command.quick)
    if hasattr(config, "data"):
        config = dataclasses.replace(config, data=command.data)
    if hasattr(config, "before"):
        config = dataclasses.replace(config, before=command.before)
    if hasattr(config, "runs"):
        config = dataclasses.replace(config, runs=command.out / config.runs)
    path = command.out / f"{name}-{machine.slug(about)}.json"
    same = {key: about[key] for key in ("device", "versions", "commit")}
    with only_writer(path):
        kept = store.Store(path.with_suffix(".part.json"), [same, str(config)])
        options = {"keep": kept} if "keep" in inspect.signature(suite.run).parameters else {}
        start = time.perf_counter()
        result = suite.run(config, report_progress, **options)
        record = {"machine": about, "seconds": round(time.perf_counter() - start, 1), **result}
        write_atomically(path, json.dumps(record, indent=1) + "\n")
        kept.remove()
    write_report(name, path)
    return path


def write_report(name: str, path: Path) -> None:
    """Writes and prints the table of a record, and draws its figure if the suite has one."""
    suite, record = suites.load(name), json.loads(path.read_text())
    text = f"{machine.heading(name, record['machine'])}\n\n{suite.report(record)}\n"
    write_atomically(path.with_suffix(".md"), text)
    print(text)
    if hasattr(suite, "draw"):
        suite.draw(record, path.with_suffix(".png"))


def report_progress(line: str) -> None:
    """Prints a line of progress to standard error."""
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main(parse())
