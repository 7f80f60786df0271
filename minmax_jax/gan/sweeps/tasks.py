"""Divides a sweep into tasks and trains the runs of one task."""

import contextlib
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from minmax_jax.gan import data as data_lib
from minmax_jax.gan.base.errors import ConfigError, NonFinite, Terminated
from minmax_jax.gan.base.messages import Note
from minmax_jax.gan.config.config import Config
from minmax_jax.gan.config.training import FSDP
from minmax_jax.gan.evaluation import evaluate, evaluator
from minmax_jax.gan.run import failures, lock, run_folder
from minmax_jax.gan.run import progress as progress_lib
from minmax_jax.gan.sweeps import folder as folder_lib
from minmax_jax.gan.sweeps import vmapped
from minmax_jax.gan.sweeps.grid import SweepRun
from minmax_jax.gan.trainer import finish, train
from minmax_jax.gan.training import step as step_lib

_ALONE = ("evaluate_every", "keep_best", "sample_every")


def needs_separate_runs(config: Config) -> str:
    """Returns a field that only runs that train one after another support, or an empty string."""
    if config.training.parallel == FSDP:
        return f"parallel={FSDP}"
    return next((name for name in _ALONE if config.flat()[name]), "")


class Task(NamedTuple):
    """Runs that one process trains.

    Attributes:
      runs: One run, or the runs of one vmapped program.
      together: Whether they train in one vmapped program.
    """

    runs: tuple[SweepRun, ...]
    together: bool

    @property
    def name(self) -> str:
        """Name for messages."""
        if not self.together:
            return self.runs[0].name
        first = self.runs[0]
        return f"{first.config.optimizer.name}, {len(self.runs)} runs from {first.name}"

    def unfinished(self) -> list[SweepRun]:
        """Returns the runs without an outcome."""
        return [run for run in self.runs if folder_lib.read_outcome(run) is None]


def plan(
    runs: Sequence[SweepRun], data: data_lib.Data, vmap: str, platform: str = ""
) -> list[Task]:
    """Divides the runs of a sweep into tasks.

    The tasks do not depend on which runs are finished, so a resumed sweep has the same programs.

    Args:
      runs: All runs, with those of each optimizer together.
      data: Dataset.
      vmap: `"on"`, `"off"` or `"auto"`; see `sweep`.
      platform: Platform of JAX on which they will train. Default: the one of this process.

    Raises:
      ConfigError: If one program shall train several runs on data that are streamed.
    """
    if data.is_streamed and vmap == "on":
        raise ConfigError(
            "vmap must be auto or off for data that are streamed, got on, because one program of "
            "several runs reads its data from memory. Change it, or train without "
            "--stream and with --stream-above 0."
        )
    tasks = []
    for _, members in itertools.groupby(runs, lambda run: run.config.optimizer.name):
        group = list(members)
        together = vmap == "on" or (
            vmap == "auto"
            and len(group) > 1
            and not data.is_streamed
            and not needs_separate_runs(group[0].config)
            and vmapped.should_vmap(group[0], data, platform)
        )
        size = vmapped.MAX_RUNS if together else 1
        for start in range(0, len(group), size):
            tasks.append(Task(tuple(group[start : start + size]), together))
    return tasks


class Watch(NamedTuple):
    """Functions that follow the training of a task.

    Attributes:
      note: Called with messages for the user.
      check_lock: Called before an outcome is written; raises if the sweep may not be written.
      progress_fn: Returns the progress reporter of a single run. Default: standard error.
      at_step: Called with the step of a vmapped program after each of its calls.
    """

    note: Note
    check_lock: lock.Check = lambda: None
    progress_fn: Callable[[], progress_lib.Progress | None] = lambda: None
    at_step: Callable[[int], None] = lambda step: None


def train_task(task: Task, data_fn: Callable[[], data_lib.Data], watch: Watch) -> dict[str, str]:
    """Trains the unfinished runs of a task, and writes their outcomes.

    Args:
      task: Runs to train.
      data_fn: Function that returns the dataset. It is called for a vmapped program only.
      watch: Functions that follow the training.

    Returns:
      The runs that failed: maps their names to the reasons.

    Raises:
      KeyboardInterrupt: After Ctrl-C; the states are saved.
      Terminated: After another signal; the states are saved.
      WriteFailed: If the sweep may not be written any more.
    """
    runs, failed = task.unfinished(), {}
    if task.together and runs:
        with _collect(failed, runs):
            _train_together(runs, data_fn(), watch, failed)
        return failed
    for run in runs:
        outcome = None
        with _collect(failed, [run]):
            outcome = _train_alone(run, watch)
        if outcome is not None:
            watch.check_lock()
            with _collect(failed, [run]):
                folder_lib.write_outcome(run, outcome)
    return failed


@contextlib.contextmanager
def _collect(failed: dict[str, str], runs: Sequence[SweepRun]) -> Iterator[None]:
    """Adds the runs to `failed` if the block ends with an expected error; bugs are raised."""
    try:
        yield
    except Terminated:
        raise
    except Exception as error:
        described = failures.describe(error)
        if described is None:
            raise
        failed.update({run.name: str(described) for run in runs})


def _train_alone(run: SweepRun, watch: Watch) -> dict[str, Any]:
    try:
        finished = train.train(run.config, progress=watch.progress_fn())
    except NonFinite as error:
        return {"diverged_at": error.step, "reason": str(error)}
    return flat(finished.summary)


def _train_together(
    runs: Sequence[SweepRun], data: data_lib.Data, watch: Watch, failed: dict[str, str]
) -> None:
    """Trains runs in one program, and adds those that cannot be finished to `failed`."""
    evaluation = runs[0].config.evaluation
    sample_evaluator = (
        evaluate.default_evaluator(data, watch.note, evaluation.extractor)
        if evaluation.num_samples
        else None
    )
    chosen = runs[0].config.optimizer
    watch.note(f"{chosen.name}: {len(runs)} runs in one program")
    if chosen.warning:
        watch.note(chosen.warning)
    with vmapped.lock_runs(runs) as check_runs:
        states = vmapped.train(runs, data, watch.note, check_runs, watch.at_step)
        for run, state in zip(runs, states, strict=True):
            with _collect(failed, [run]):
                outcome = _finish(run, data, state, watch.note, sample_evaluator, check_runs)
                check_runs()
                folder_lib.write_outcome(run, outcome)


def _finish(
    run: SweepRun,
    data: data_lib.Data,
    state: step_lib.TrainState,
    note: Note,
    sample_evaluator: evaluator.SampleEvaluator | None,
    check_lock: lock.Check,
) -> dict[str, Any]:
    """Finishes a run that was trained together with others, as `trainer.train` does.

    Returns:
      Outcome of the run: its flat summary, or only `diverged_at` if it diverged.
    """
    at = vmapped.diverged_at(state) or _first_nonfinite(run_folder.read_metrics(run.folder))
    if at is not None and run.config.training.on_nonfinite == "stop":
        return {"diverged_at": at}
    run_evaluator = evaluate.RunEvaluator(run.config, run.folder, data, note, sample_evaluator)
    finished = finish.finish(run.config, run.folder, data, state, note, run_evaluator, check_lock)
    return flat(finished.summary)


def flat(summary: dict[str, Any]) -> dict[str, Any]:
    """Returns a summary as a flat outcome: metrics, scores, and how the scores were computed."""
    evaluation = summary.get("evaluation", {})
    kept = ("extractor", "facts", "num_samples", "protocol")
    about = {k: v for k, v in evaluation.items() if k in kept}
    metrics = {name: value for name, value in summary.items() if name != "evaluation"}
    return {**metrics, **about, **evaluation.get("scores", {}), "diverged_at": None}


def _first_nonfinite(records: Sequence[dict[str, Any]]) -> int | None:
    """Returns the first logged step with a loss or norm that is not finite, or None."""
    tested = ("loss_", "gradient_norm_", "update_norm_")
    for record in records:
        values = [value for name, value in record.items() if name.startswith(tested)]
        if any(value is None or not math.isfinite(value) for value in values):
            return record["step"]
    return None
