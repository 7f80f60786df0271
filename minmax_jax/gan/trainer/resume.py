"""The folder of a run, its newest checkpoint, and the checkpoints to keep."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from minmax_jax.gan.base.errors import DataFailed
from minmax_jax.gan.base.messages import ignore_note
from minmax_jax.gan.config import config as config_lib
from minmax_jax.gan.evaluation import ranking
from minmax_jax.gan.run import checkpoint, lock, retention, run_folder, sample_files
from minmax_jax.gan.run import progress as progress_lib
from minmax_jax.gan.training import nonfinite
from minmax_jax.gan.training import step as step_lib


def out_folder(config: config_lib.Config) -> Path:
    """Returns the run folder: `config.run.out`, or `runs/PRESET-OPTIMIZER-sSEED`."""
    default = Path("runs") / f"{config.run.preset}-{config.optimizer.name}-s{config.run.seed}"
    return Path(config.run.out) if config.run.out else default


def on_disk(config: config_lib.Config) -> str:
    """Returns a clause for messages that names the newest checkpoint and how to continue."""
    steps = checkpoint.Checkpoints(out_folder(config) / "checkpoints", ignore_note).steps()
    if not steps:
        return "no checkpoint is on disk; the same command starts the run again"
    return f"the newest checkpoint on disk is step {steps[-1]}; the same command resumes the run"


@contextlib.contextmanager
def describe_failed_data(config: config_lib.Config) -> Iterator[None]:
    """Adds the newest checkpoint to the message if the data of a run cannot be read any more."""
    try:
        yield
    except DataFailed as error:
        raise DataFailed(f"{error} Note: {on_disk(config)}.") from error


def check_places(
    config: config_lib.Config, checkpoints: checkpoint.Checkpoints, start: int
) -> None:
    """Checks that nothing else is at the places of the checkpoints to come.

    Args:
      config: Configuration of the run.
      checkpoints: Checkpoints of the run.
      start: Step at which the run starts.

    Raises:
      CheckpointError: If the run would have to replace a file that is not a checkpoint.
    """
    every, end = config.run.checkpoint_every, config.training.steps
    for step in checkpoints.foreign():
        if start < step <= end and (step % every == 0 or step == end):
            raise checkpoint.CheckpointError(
                f"{out_folder(config)}/checkpoints/{step}.npz is not a checkpoint, but the run "
                "will write one there. Move it elsewhere."
            )


def restore(
    folder: Path,
    checkpoints: checkpoint.Checkpoints,
    state: step_lib.TrainState,
    progress: progress_lib.Progress,
    on_nonfinite: str = "stop",
) -> step_lib.TrainState:
    """Loads the newest valid checkpoint; returns `state` unchanged if there is none.

    Under `on_nonfinite="stop"`, updates that an earlier part of the run has skipped are forgotten.
    """
    found = checkpoints.restore()
    if found is None:
        if records := run_folder.read_metrics(folder):
            reached = f"although it has reached step {records[-1]['step']}"
            progress.note(f"{folder} has no checkpoint: the run starts again, {reached}")
        return state
    state = checkpoint.fill(state, found[1])
    if on_nonfinite == "stop":
        state = state._replace(nonfinite=nonfinite.reset(state.nonfinite))
    progress.note(f"resuming {folder} at step {found[0]}")
    return state


def discard_after(folder: Path, checkpoints: checkpoint.Checkpoints, step: int) -> None:
    """Deletes checkpoints, log records and sample images newer than `step`."""
    checkpoints.delete_except([known for known in checkpoints.steps() if known <= step])
    run_folder.discard_metrics_after(folder, step)
    sample_files.delete_after(folder, step)


def steps_to_keep(
    config: config_lib.Config, folder: Path, check_lock: lock.Check, steps: list[int]
) -> set[int]:
    """Returns the steps of the checkpoints to keep.

    Raises:
      WriteFailed: If this process has lost the lock of the run and must not delete the others.
    """
    check_lock()
    best = ranking.parse(config.run.keep_best, "keep_best")
    records = run_folder.read_metrics(folder) if best else []
    return retention.retained(steps, config.run.keep, records, best)


def log_best(
    config: config_lib.Config,
    folder: Path,
    checkpoints: checkpoint.Checkpoints,
    progress: progress_lib.Progress,
) -> None:
    """Reports the checkpoint kept by `keep_best`, or that no record contains its metric."""
    best = ranking.parse(config.run.keep_best, "keep_best")
    if best is None:
        return
    records = run_folder.read_metrics(folder)
    found = retention.best_step(checkpoints.steps(), records, best)
    if found:
        progress.note(f"best {best.name}: {found[1]:.4g}, kept as checkpoint {found[0]}")
        return
    names = ", ".join(sorted({name for record in records for name in record} - {"step"}))
    progress.note(
        f"keep_best={config.run.keep_best}: no record of metrics.jsonl at the step of a "
        f"checkpoint contains it. Logged metrics: {names}."
    )
