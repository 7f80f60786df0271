"""Checks the workers that join a cluster, and tells the tasks in them to stop."""

import os
import threading
from typing import Any

import distributed

from minmax_jax.gan.base import program_cache
from minmax_jax.gan.base.errors import ConfigError, DataError
from minmax_jax.gan.base.messages import ignore_note, printable
from minmax_jax.gan.sweeps.cluster import devices
from minmax_jax.gan.sweeps.cluster import site as site_lib

WORKERS: dict[tuple[str, str], "Plugin"] = {}
"""Maps the address of a worker of this process and the topic of a sweep to the plugin there."""

_prepared: list[int] = []


def check(site: site_lib.Site, dask_worker: distributed.Worker) -> site_lib.Worker | str:
    """Checks a worker; returns a description of it, or the reason why it cannot train.

    Args:
      site: The sweep.
      dask_worker: The worker, which `distributed.Client.run` adds.
    """
    try:
        if site.share and not _prepared:
            _prepared.append(os.getpid())
            devices.take(site.share, int(dask_worker.name))
        return site_lib.check_worker(site, dask_worker.state.nthreads)
    except (ConfigError, DataError) as error:
        return str(error)


def check_and_name(
    site: site_lib.Site, dask_worker: distributed.Worker
) -> tuple[str, site_lib.Worker | str]:
    """Returns the name of a worker and the result of `check`."""
    return name_of(dask_worker), check(site, dask_worker)


class Plugin(distributed.WorkerPlugin):
    """Admits workers to a sweep.

    A worker that joins later is closed if it cannot train, because the scheduler would give it
    one task after another.

    Args:
      site: The sweep.
      like: A worker that passed the checks.
    """

    def __init__(self, site: site_lib.Site, like: site_lib.Worker) -> None:
        self.name, self._site, self._like = site.topic, site, like
        self.shares_folder = False

    def setup(self, worker: distributed.Worker) -> None:
        """Checks a worker, and closes it if it cannot train."""
        self._worker = worker
        self._cancelled: set[Any] = set()
        self._closing = threading.Event()
        found = check(self._site, worker)
        if isinstance(found, site_lib.Worker):
            try:
                site_lib.check_same({"1": self._like, name_of(worker): found})
            except ConfigError as error:
                found = str(error)
        if isinstance(found, str):
            about = {"kind": "refused", "where": name_of(worker), "text": found}
            worker.log_event(self.name, about)
            worker.loop.add_callback(worker.close_gracefully, reason="it cannot train")
            return
        self.shares_folder = found.shares_folder
        if self._site.cache:
            program_cache.turn_on(ignore_note)
        WORKERS[worker.address, self.name] = self
        about = {"kind": "joined", "where": name_of(worker), "address": worker.address}
        worker.log_event(self.name, about)

    def teardown(self, worker: distributed.Worker) -> None:
        """Tells the task of a worker that closes to stop."""
        self._closing.set()
        WORKERS.pop((worker.address, self.name), None)

    def transition(self, key: Any, start: str, finish: str, **kwargs: Any) -> None:
        """Records the tasks that the scheduler no longer wants.

        It releases them if the sweep is interrupted, and if the process that started it has ended.
        """
        del kwargs
        if finish in ("cancelled", "released", "forgotten"):
            self._cancelled.add(key)
        elif start in ("cancelled", "released") and finish in ("waiting", "executing", "ready"):
            self._cancelled.discard(key)

    def why_stop(self, key: Any) -> str:
        """Returns why a task must stop, or an empty text."""
        if self._closing.is_set() or self._worker.status not in _RUNNING:
            return "the worker closes"
        return "the sweep was stopped" if key in self._cancelled else ""

    @property
    def closing(self) -> bool:
        """Whether the worker is closing, so that the task must run elsewhere."""
        return self._closing.is_set() or self._worker.status not in _RUNNING


_RUNNING = (distributed.Status.running, distributed.Status.paused)


def name_of(worker: distributed.Worker) -> str:
    """Returns a short name of a worker for messages."""
    return short_name(worker.name, worker.address)


def short_name(name: Any, address: str) -> str:
    """Returns the name of a worker for messages; workers on this machine have a number."""
    text = f"worker {name}" if isinstance(name, int) else str(name or address)
    return printable(text.rpartition("//")[2])
