"""Runs a sweep: trains the unfinished runs, then writes the report."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from minmax_jax.gan import data as data_lib
from minmax_jax.gan.base.errors import ConfigError, check_name
from minmax_jax.gan.base.messages import Note, print_note
from minmax_jax.gan.config import config as config_lib
from minmax_jax.gan.config.run import Best
from minmax_jax.gan.evaluation import ranking
from minmax_jax.gan.multihost import interrupts
from minmax_jax.gan.run import files, lock
from minmax_jax.gan.sweeps import executors, report
from minmax_jax.gan.sweeps import folder as folder_lib
from minmax_jax.gan.sweeps import grid as grid_lib
from minmax_jax.gan.sweeps import tasks as tasks_lib
from minmax_jax.gan.sweeps.result import Sweep
from minmax_jax.gan.training import build

_ON_DISK = "finished runs are kept; run the same command again to resume the sweep"


def sweep(
    config: config_lib.Config,
    grid: grid_lib.Grid,
    *,
    out: str | Path = "",
    vmap: str = "auto",
    score: str = "",
    executor: str = "local",
    dask: str = "",
    workers: int = 0,
    note: Note = print_note,
) -> Sweep:
    """Runs a sweep over optimizers, learning rates and seeds, or resumes the sweep in `out`.

    Args:
      config: Configuration that all runs share. The grid replaces optimizer, learning rates and
        seed.
      grid: Values to sweep over.
      out: Folder of the sweep. Default: `runs/sweep-PRESET`.
      vmap: `"on"`: the runs of one optimizer train at once, in one program vmapped over learning
        rates and seeds, on one device. `"off"`: they train one after another. `"auto"`: at once
        if the networks are small. The results agree up to rounding.
      score: Metric by which the runs are compared: a score of the evaluation, or a training
        metric such as `loss_min`. For each score it is known whether higher or lower is better;
        for a training metric, lower is better. METRIC:min or METRIC:max overrides the direction.
        Default: `high_quality_share` for data with known modes, otherwise `frechet_distance`.
      executor: `"local"`: all runs train in this process. `"dask"`: they train on the workers of
        a Dask cluster, which see the folder under the same path (docs/cluster.md). One task is
        one run, or one vmapped program. The results agree up to rounding.
      dask: Address of the cluster's scheduler, such as `tcp://10.0.0.7:8786`, or its scheduler
        file. Default: a cluster on this machine that ends with the sweep.
      workers: Number of workers of the cluster on this machine. Default: one per accelerator, or
        one per two cores of a CPU.
      note: Called with messages for the user. Default: prints to standard error.

    Returns:
      The finished sweep. Its folder contains a table, a heat map and a JSON report.

    Raises:
      ConfigError: If a value is invalid, the folder contains another sweep, or another process
        writes to it.
      DataError: If the data cannot be read.
      RunsFailed: If runs cannot be finished. This is raised after all other runs are finished. A
        run that diverges has not failed: this is its outcome.
      Stopped: If the sweep ends early. The subclass tells the reason: `WriteFailed`,
        `Terminated`, or `HostFailed` if the scheduler is lost.
    """
    check_name("vmap", vmap, ("auto", "on", "off"))
    ranking.check_keep_best(config)
    ranking.parse(score, "score")
    _check_vmap(vmap, config)
    executors.check_arguments(executor, dask, workers)
    folder = Path(out or f"runs/sweep-{config.run.preset}")
    runs = grid_lib.sweep_runs(config, grid, folder)
    note(f"sweep: {grid.describe()} of {config.training.steps:,} updates in {folder}")
    data = config.data.load()
    best = _score(score, config, data)
    for run in {run.config.optimizer.name: run for run in runs}.values():
        build.build_game(run.config, data, 1)  # Invalid values are reported before any writing.
    folder_lib.check_sweep(folder, config, grid, data)
    with executors.open_executor(executor, dask, workers, config, note) as backend:
        with _new_folder(folder), lock.hold(folder) as check_lock, _describe():
            tasks = tasks_lib.plan(runs, data, vmap, backend.prepare(folder))
            folder_lib.open_sweep(folder, config, grid, data)
            for line in data_lib.lines(data, config.training.batch_size):
                note(line)
            if finished := sum(folder_lib.read_outcome(run) is not None for run in runs):
                note(f"{finished} of {len(runs)} runs are finished already")
            tasks = [task for task in tasks if task.unfinished()]
            failed = backend.train(tasks, lambda: data, check_lock)
            if failed:
                raise executors.runs_failed(failed, runs)
            result = _read(folder, grid, runs, best)
            check_lock()
            report.write(result)
    return result


@contextlib.contextmanager
def _new_folder(folder: Path) -> Iterator[None]:
    """Creates a folder, and deletes it after an error if it is still empty."""
    files.make_folder(folder)
    try:
        yield
    except BaseException:
        with contextlib.suppress(OSError):  # It is not empty.
            folder.rmdir()
        raise


def _describe() -> contextlib.AbstractContextManager[None]:
    """Describes the files on disk in the message after Ctrl-C."""
    return interrupts.describe(lambda: _ON_DISK)


def read_sweep(folder: str | Path, *, score: str = "") -> Sweep:
    """Reads a finished sweep.

    Args:
      folder: Folder of the sweep.
      score: Metric by which the runs are compared. See `sweep`.

    Raises:
      ConfigError: If the folder does not contain a sweep, or if runs are unfinished.
    """
    folder = Path(folder)
    config, grid = folder_lib.read(folder)
    runs = grid_lib.sweep_runs(config, grid, folder)
    best = _score(score, config, config.data.load())
    return _read(folder, grid, runs, best)


def _read(folder: Path, grid: grid_lib.Grid, runs: list[grid_lib.SweepRun], best: Best) -> Sweep:
    outcomes = [folder_lib.read_outcome(run) for run in runs]
    known = [outcome for outcome in outcomes if outcome is not None]
    if len(known) < len(runs):
        raise ConfigError(
            f"{folder}: {len(runs) - len(known)} of {len(runs)} runs are unfinished. Run the "
            "same sweep command again to continue."
        )
    return Sweep(folder, grid, runs, known, best)


def _score(text: str, config: config_lib.Config, data: data_lib.Data) -> Best:
    """Returns the metric by which runs are compared, and checks that every run will have it."""
    default = "frechet_distance" if data.modes is None else "high_quality_share"
    best = ranking.parse(text or default, "score") or Best(default, highest=False)
    ranking.check_extractor(config, data)
    if not ranking.is_score(best):
        return best
    ranking.check_available(best, "score", data, config.evaluation.extractor)
    if not config.evaluation.num_samples:
        raise ConfigError(
            f"score must be a training metric such as loss_min if evaluate=0, got {best.name}. "
            "Set evaluate, or choose another score."
        )
    return best


def _check_vmap(vmap: str, config: config_lib.Config) -> None:
    """Raises `ConfigError` for fields that runs in one program do not support."""
    needed = tasks_lib.needs_separate_runs(config)
    if vmap == "on" and needed:
        raise ConfigError(
            f"vmap must be auto or off with {needed}, got on. Runs in one program are evaluated "
            "and draw samples only at the end, keep only their newest checkpoints, and train on "
            "one device."
        )
