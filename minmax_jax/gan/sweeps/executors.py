"""Trains the tasks of a sweep: here, one after another, or on a Dask cluster."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import jax

from minmax_jax.gan import data as data_lib
from minmax_jax.gan.base.errors import ConfigError, RunsFailed, check_name
from minmax_jax.gan.base.messages import Note
from minmax_jax.gan.config import config as config_lib
from minmax_jax.gan.run import lock
from minmax_jax.gan.sweeps import tasks as tasks_lib
from minmax_jax.gan.sweeps.grid import SweepRun

EXECUTORS = ("local", "dask")
"""Names of the executors."""

_MAX_NAMED = 5  # Failed runs that one message names.


class Executor(Protocol):
    """Trains the tasks of a sweep."""

    def prepare(self, folder: Path) -> str:
        """Returns the platform of JAX on which runs train, after all processes were checked.

        Args:
          folder: Folder of the sweep, which this process has locked.
        """
        ...

    def train(
        self,
        tasks: Sequence[tasks_lib.Task],
        data_fn: Callable[[], data_lib.Data],
        check_lock: lock.Check,
    ) -> dict[str, str]:
        """Trains tasks and returns the reasons of the runs that failed."""
        ...


class Local:
    """Trains the tasks in this process, one after another.

    Args:
      note: Called with messages for the user.
    """

    def __init__(self, note: Note) -> None:
        self._note = note

    def prepare(self, folder: Path) -> str:
        """Returns the platform of this process."""
        del folder
        return jax.default_backend()

    def train(
        self,
        tasks: Sequence[tasks_lib.Task],
        data_fn: Callable[[], data_lib.Data],
        check_lock: lock.Check,
    ) -> dict[str, str]:
        """Trains tasks and returns the reasons of the runs that failed."""
        failed: dict[str, str] = {}
        for task in tasks:
            if not task.together:
                self._note(f"{task.name}:")
            found = tasks_lib.train_task(task, data_fn, tasks_lib.Watch(self._note, check_lock))
            for name, reason in found.items():
                self._note(f"{name} failed: {reason}")
            failed |= found
        return failed


@contextlib.contextmanager
def open_executor(
    name: str, dask: str, workers: int, config: config_lib.Config, note: Note
) -> Iterator[Executor]:
    """Starts or connects an executor, and closes it at the end of the block.

    Args:
      name: One of `EXECUTORS`.
      dask: Address or scheduler file of a Dask cluster. Default: one on this machine.
      workers: Number of workers of a cluster on this machine. Default: chosen.
      config: Configuration that all runs share.
      note: Called with messages for the user.

    Raises:
      ConfigError: If the arguments do not fit together, Dask is not installed, or the cluster
        cannot be reached.
    """
    check_arguments(name, dask, workers)
    if name == "local":
        yield Local(note)
        return
    try:
        from minmax_jax.gan.sweeps.cluster import coordinator
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in ("distributed", "dask", "tornado"):
            raise
        raise ConfigError(
            "executor=dask requires the package distributed. Run pip install 'minmax-jax[cluster]'."
        ) from error
    with coordinator.open_cluster(dask, workers, config, note) as executor:
        yield executor


def check_arguments(name: str, dask: str, workers: int) -> None:
    """Raises `ConfigError` if the arguments of `open_executor` do not fit together."""
    check_name("executor", name, EXECUTORS)
    if name == "local" and (dask or workers):
        given = f"dask={dask}" if dask else f"workers={workers}"
        raise ConfigError(f"{given} requires executor=dask, got executor=local. Add it.")
    if workers < 0:
        raise ConfigError(f"workers must be at least 1, or 0 to choose it, got {workers}.")
    if dask and workers:
        raise ConfigError(
            f"workers={workers} cannot be given with dask={dask}: the number of workers "
            "of a running cluster is known. Omit one of them."
        )


def runs_failed(failed: dict[str, str], runs: Sequence[SweepRun]) -> RunsFailed:
    """Returns the error for a sweep with failed runs.

    Args:
      failed: Maps the names of the failed runs to the reasons.
      runs: All runs of the sweep.
    """
    names: dict[str, list[str]] = {}
    for run in runs:  # Runs with the same reason are named together.
        if run.name in failed:
            names.setdefault(failed[run.name], []).append(run.name)
    texts = [f"{_listed(who)}: {reason.rstrip('.')}" for reason, who in names.items()]
    if len(texts) > _MAX_NAMED:
        texts[_MAX_NAMED:] = [f"and {len(texts) - _MAX_NAMED} other reasons"]
    others = "The other runs are finished. " if len(failed) < len(runs) else ""
    return RunsFailed(
        f"{len(failed)} of {len(runs)} runs failed. {'; '.join(texts)}. {others}Run the same "
        "command again to repeat the failed ones.",
        failed,
    )


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_MAX_NAMED])
    return shown if len(names) <= _MAX_NAMED else f"{shown} and {len(names) - _MAX_NAMED} more"
