"""Resumes a run from its newest valid checkpoint, and prunes checkpoints."""

from pathlib import Path

from minmax_jax.gan.config import config as config_lib
from minmax_jax.gan.config.run import parse_best
from minmax_jax.gan.run import checkpoint, retention, run_folder
from minmax_jax.gan.run import progress as progress_lib
from minmax_jax.gan.training import step as step_lib


def restore(
    folder: Path,
    checkpoints: checkpoint.Checkpoints,
    state: step_lib.TrainState,
    progress: progress_lib.Progress,
) -> step_lib.TrainState:
    """Loads the newest valid checkpoint; returns `state` unchanged if there is none."""
    found = checkpoints.restore()
    if found is None:
        return state
    state = checkpoint.fill(state, found[1])
    progress.note(f"resuming {folder} at step {found[0]}")
    return state


def discard_after(folder: Path, checkpoints: checkpoint.Checkpoints, step: int) -> None:
    """Deletes checkpoints and log records newer than `step`."""
    checkpoints.delete_except([known for known in checkpoints.steps() if known <= step])
    run_folder.discard_metrics_after(folder, step)


def steps_to_keep(config: config_lib.Config, folder: Path, steps: list[int]) -> set[int]:
    """Returns the steps of the checkpoints to keep."""
    best = parse_best(config.run.keep_best, "keep_best")
    records = run_folder.read_metrics(folder) if best else []
    return retention.retained(steps, config.run.keep, records, best)


def log_best(
    config: config_lib.Config,
    folder: Path,
    checkpoints: checkpoint.Checkpoints,
    progress: progress_lib.Progress,
) -> None:
    """Reports the checkpoint kept by `keep_best`, or that no record contains its metric."""
    best = parse_best(config.run.keep_best, "keep_best")
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
