"""Kills a small run in every phase, and compares it with one that is not killed.

    python -m tests.gan.trainer.kills --kills 60 --seed 0

Each start of the run is a forked process, so that the libraries are imported once. In long phases
a timer with a random delay sends a signal that has no handler, which ends the process like
SIGKILL. In phases of milliseconds, the process kills itself at a random line of Python code that
it executes. Every run that has reached its end must consist of the same files as the
uninterrupted run: checkpoints and pictures byte for byte, records without their times.
"""

import argparse
import collections
import contextlib
import functools
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from minmax_jax.gan.cli.main import main
from minmax_jax.gan.evaluation import evaluate, evaluator, features
from minmax_jax.gan.run import checkpoint, checkpoint_file, lease, run_folder
from minmax_jax.gan.trainer import finish, resume
from minmax_jax.gan.training import loop

FLAGS = (
    "train --preset gaussians --optimizer sgda --width 4 --batch-size 16 --steps 60 "
    "--steps-per-call 3 --log-every 2 --checkpoint-every 5 --keep 2 --keep-best loss_max:max "
    "--evaluate 100 --evaluate-every 15 --devices 1"
).split()

TIMED = ("start", "compilation", "training", "evaluation", "finish")
"""Phases that are killed by a timer."""

TRACED = ("lock", "restoring", "record", "writing a checkpoint", "deleting checkpoints")
"""Phases of milliseconds, which are killed at a line of Python code."""

TIMES = ("seconds", "steps_per_second", "time")


class Moment(NamedTuple):
    """A moment at which a process is to be killed.

    Attributes:
      phase: Name of the phase.
      occurrence: Number of the phase in this process, from 0.
      amount: Seconds, or lines of code, after its beginning.
    """

    phase: str
    occurrence: int
    amount: float


class Phases:
    """Follows the phases of the run in this process, and ends it at a moment.

    Args:
      log: File to which each begin and each end of a phase is appended.
      moment: Moment at which the process is killed, or None.
    """

    def __init__(self, log: Path, moment: Moment | None) -> None:
        self._file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._moment, self._counts = moment, collections.Counter()

    @contextlib.contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Marks a block as a phase."""
        occurrence, self._counts[name] = self._counts[name], self._counts[name] + 1
        is_due = self._moment is not None and self._moment[:2] == (name, occurrence)
        self._note("begin", name, 0)
        began, lines = time.monotonic(), 0

        def count(frame: Any, event: str, argument: Any) -> Any:
            nonlocal lines
            if event == "line":
                lines += 1
                if is_due and lines > self._moment.amount:
                    os.kill(os.getpid(), signal.SIGKILL)
            return count

        if name in TRACED:
            sys.settrace(count)
        elif is_due:
            signal.setitimer(signal.ITIMER_REAL, max(self._moment.amount, 1e-6))
        try:
            yield
        finally:
            sys.settrace(None)
        self._note("end", name, lines if name in TRACED else time.monotonic() - began)

    def wrap(self, owner: Any, function: str, name: str) -> None:
        """Makes all calls of a function a phase."""
        original = getattr(owner, function)

        @functools.wraps(original)
        def call(*args: Any, **kwargs: Any) -> Any:
            with self.phase(name):
                return original(*args, **kwargs)

        setattr(owner, function, call)

    def _note(self, kind: str, name: str, amount: float) -> None:
        os.write(self._file, (json.dumps([kind, name, amount]) + "\n").encode())


def child(folder: Path, log: Path, moment: Moment | None) -> int:
    """Runs the command in this process."""
    phases, stack = Phases(log, moment), contextlib.ExitStack()
    phases.wrap(lease.Lease, "acquire", "lock")
    phases.wrap(lease.Lease, "release", "lock")
    phases.wrap(resume, "restore", "restoring")
    phases.wrap(resume, "discard_after", "restoring")
    phases.wrap(run_folder, "append_metrics", "record")
    phases.wrap(checkpoint_file, "write", "writing a checkpoint")
    phases.wrap(checkpoint.Checkpoints, "delete_except", "deleting checkpoints")
    phases.wrap(evaluate.RunEvaluator, "evaluate", "evaluation")
    phases.wrap(finish, "finish", "finish")
    evaluate.default_evaluator = _cheap_evaluator
    finish_first_call, run_loop = loop._finish_first_call, loop.run

    def compiled(*args: Any) -> None:
        finish_first_call(*args)
        stack.close()
        stack.enter_context(phases.phase("training"))

    def run(*args: Any, **kwargs: Any) -> Any:
        stack.close()
        stack.enter_context(phases.phase("compilation"))
        final = run_loop(*args, **kwargs)
        stack.close()
        return final

    loop._finish_first_call, loop.run = compiled, run
    stack.enter_context(phases.phase("start"))
    return main([*FLAGS, "--out", str(folder)])


def _cheap_evaluator(
    data: Any, note: Callable[[str], None], extractor_name: str = ""
) -> evaluator.SampleEvaluator:
    """Returns an evaluator with one metric, because compiling all of them takes seconds."""
    extractor = features.build(extractor_name or features.default(data), data, note)
    return evaluator.SampleEvaluator(data, extractor, ["modes"], note=note)


def start(folder: Path, log: Path, moment: Moment | None = None) -> int | None:
    """Starts the command in a new process; returns its exit code, or None if it was killed."""
    log.unlink(missing_ok=True)
    pid = os.fork()
    if not pid:
        code = 1
        try:
            output = os.open(f"{log}.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.dup2(output, 1)
            os.dup2(output, 2)
            code = child(folder, log, moment)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    _, status = os.waitpid(pid, 0)
    return None if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def read(log: Path) -> list[list[Any]]:
    """Returns the marks in the log of a process."""
    return [json.loads(line) for line in log.read_text().splitlines()]


def open_phases(log: Path) -> list[str]:
    """Returns the phases in which a process was when it was killed, the innermost last."""
    stack: list[str] = []
    for kind, name, _ in read(log):
        stack.append(name) if kind == "begin" else stack.remove(name)
    return stack


def content(folder: Path) -> dict[str, Any]:
    """Returns the files of a finished run, without times."""
    found = {}
    for path in sorted(folder.rglob("*")):
        value: Any = path.read_bytes() if path.is_file() else None
        if path.suffix == ".jsonl":
            value = [_untimed(json.loads(line)) for line in value.splitlines()]
        elif path.name == "summary.json":
            value = _untimed(json.loads(value))
        elif path.name == "config.json":
            value = json.loads(value)
            value["config"]["run"]["out"] = ""
        found[str(path.relative_to(folder))] = value
    return found


def _untimed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {name: _untimed(item) for name, item in value.items() if name not in TIMES}


def check_killed(folder: Path, before: list[int]) -> list[int]:
    """Checks a run after a kill; returns the steps of its checkpoints, all of which are valid."""
    store = checkpoint.Checkpoints(folder / "checkpoints", _fail)
    steps = store.steps()
    for step in steps:
        store.restore(step)
    assert not before or (steps and steps[-1] >= before[-1]), f"lost: {before} -> {steps}"
    return steps


def _fail(message: str) -> None:
    raise AssertionError(message)


def kill_all(root: Path, kills: int, seed: int, note: Callable[[str], None]) -> dict[str, int]:
    """Kills runs and compares them; returns the number of kills per phase.

    Args:
      root: Folder for the runs.
      kills: Smallest number of kills.
      seed: Seed of the moments.
      note: Called with one line per kill.
    """
    os.environ["XDG_CACHE_HOME"] = str(root / "cache")
    chance, log = random.Random(seed), root / "log"
    for name in ("compiled", "whole"):  # The second one uses the compiled programs of the first.
        assert start(root / name, log) == 0, Path(f"{log}.txt").read_text()
    lengths = collections.defaultdict(list)
    for kind, name, amount in read(log):
        if kind == "end":
            lengths[name].append(amount)
    assert {*lengths} == {*TIMED, *TRACED}, f"not all phases occur: {sorted(lengths)}"
    expected = content(root / "whole")
    assert content(root / "compiled") == expected, "two uninterrupted runs differ"
    counts = dict.fromkeys((*TIMED, *TRACED), 0)
    folder, number, steps, unfinished = root / "killed-0", 0, [], False
    while sum(counts.values()) < kills or unfinished:
        few = min(counts.values())
        phase = chance.choice([name for name in counts if counts[name] == few])
        # The first deletions find nothing to delete.
        occurrence = chance.randrange(min(len(lengths[phase]), 8 if phase in TRACED else 3))
        amount = chance.uniform(0, lengths[phase][occurrence])
        enough = sum(counts.values()) >= kills
        code = start(folder, log, None if enough else Moment(phase, occurrence, amount))
        if code is None:
            phase = next((p for p in reversed(open_phases(log)) if p != "training"), "training")
            counts[phase], unfinished = counts[phase] + 1, True
            steps = check_killed(folder, steps)
            note(f"{sum(counts.values()):3} killed in {phase}; checkpoints: {steps}")
            continue
        assert code == 0, Path(f"{log}.txt").read_text()[-2000:]
        found = content(folder)
        assert found.keys() == expected.keys(), sorted(found.keys() ^ expected.keys())
        for name, value in expected.items():
            assert found[name] == value, f"{folder / name} differs"
        note(f"    {folder.name} equals the uninterrupted run")
        number, steps, unfinished = number + 1, [], False
        folder = root / f"killed-{number}"
    return {**counts, "finished runs": number}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        print(json.dumps(kill_all(Path(root), arguments.kills, arguments.seed, print), indent=2))
