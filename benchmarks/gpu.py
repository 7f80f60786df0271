"""Command line that measures the suites of a GPU within a number of minutes.

`python -m benchmarks.gpu` runs the suites `trainer`, `update`, `solve` and `step`, each in its own
process. Results are written as they come. If the time is used up, the same command continues
after the last finished case, and suites with a record of the same commit are skipped.
"""

import argparse
import dataclasses
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import machine, suites
from benchmarks.__main__ import RESULTS

SUITES = ("trainer", "update", "solve", "step")
"""The suites, with the longest one last."""


def parse(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Returns the arguments of the command line."""
    parser = argparse.ArgumentParser("python -m benchmarks.gpu", description=__doc__)
    parser.add_argument("--minutes", type=float, default=9.0, help="Limit. Default: 9.")
    parser.add_argument("--quick", action="store_true", help="Use tiny sizes, on any device.")
    parser.add_argument("--out", type=Path, default=RESULTS, help="Folder. Default: %(default)s.")
    return parser.parse_args(words)


def main(command: argparse.Namespace) -> dict[str, str]:
    """Runs the suites that have no record yet, and returns the outcome of each.

    An outcome is `done`, `kept` (there was a record), `failed` or `out of time`.
    """
    end = time.monotonic() + 60 * command.minutes
    about, outcomes = machine.describe_without_device(), {}
    for name in SUITES:
        has = has_record(command.out, name, about["commit"], command.quick)
        outcomes[name] = "kept" if has else run(name, command, end - time.monotonic())
        print(f"{name}: {outcomes[name]}", flush=True)
    if "out of time" in outcomes.values():
        print("Run the same command again to continue after the last finished case.", flush=True)
    return outcomes


def has_record(folder: Path, name: str, commit: str, quick: bool = False) -> bool:
    """Returns whether a suite has a record of this commit and of the sizes that would be measured.

    Records of a CPU do not count, unless they have the tiny sizes of `quick`.
    """
    if commit == "unknown" or commit.endswith("+"):
        return False
    config = dataclasses.asdict(suites.configure(suites.load(name), "gpu", quick))
    config = json.loads(json.dumps(config))
    paths = [path for path in folder.glob(f"{name}-*.json") if ".part" not in path.name]
    records = [json.loads(path.read_text()) for path in paths]
    return any(
        (quick or record["machine"]["platform"] != "cpu")
        and record["machine"]["commit"] == commit
        and record["config"] == config
        for record in records
    )


def run(name: str, command: argparse.Namespace, seconds: float) -> str:
    """Runs one suite in a process of its own, for at most a number of seconds."""
    if seconds <= 0:
        return "out of time"
    words: list[Any] = [sys.executable, "-m", "benchmarks", name, "--here", "--out", command.out]
    words += ["--quick"] if command.quick else []
    try:
        done = subprocess.run([*map(str, words)], env=suites.environment(name), timeout=seconds)
    except subprocess.TimeoutExpired:
        return "out of time"
    return "done" if done.returncode == 0 else "failed"


if __name__ == "__main__":
    outcome = main(parse())
    sys.exit(0 if set(outcome.values()) <= {"done", "kept"} else 1)
