"""Submits the tasks of a sweep to a Dask cluster, and waits for them."""

import contextlib
import queue
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import distributed

from minmax_jax.gan import data as data_lib
from minmax_jax.gan.base.errors import ConfigError, HostFailed
from minmax_jax.gan.base.messages import Note, printable
from minmax_jax.gan.config.config import Config
from minmax_jax.gan.multihost.termination import Termination
from minmax_jax.gan.run import lock
from minmax_jax.gan.sweeps import tasks as tasks_lib
from minmax_jax.gan.sweeps.cluster import admission, connection, live_table, remote
from minmax_jax.gan.sweeps.cluster import site as site_lib
from minmax_jax.gan.sweeps.cluster.roster import Roster

RETRIES = 2
"""Number of times that a task is repeated after an unexpected error."""

_SAVING_SECONDS = 120.0  # To wait for the runs to be saved and drawn after a signal.
_VISIBLE_SECONDS = 120.0  # Until a file of another machine must be visible.
_TICK = 0.25

_AGAIN = "finished runs are kept; run the same command again to resume the sweep"


@contextlib.contextmanager
def open_cluster(
    address: str, workers: int, config: Config, note: Note
) -> Iterator["ClusterExecutor"]:
    """Connects to a cluster, or starts one; see `connection.connect`."""
    with connection.connect(address, workers, config, note) as connected:
        yield ClusterExecutor(connected, config, note)


class ClusterExecutor:
    """Trains the tasks of a sweep on a Dask cluster.

    Args:
      connected: Connection to the cluster.
      config: Configuration that all runs share.
      note: Called with messages for the user.
    """

    def __init__(self, connected: connection.Connection, config: Config, note: Note) -> None:
        self._connected, self._config, self._note = connected, config, note
        self._site: site_lib.Site | None = None
        self._names: dict[str, str] = {}

    def prepare(self, folder: Path) -> str:
        """Checks the workers, and returns the platform of JAX on which they train.

        Raises:
          ConfigError: If a worker cannot train.
          KeyboardInterrupt: After Ctrl-C while no worker is connected.
          Terminated: After another signal while no worker is connected.
        """
        share = self._connected.share
        self._site = site_lib.describe(folder, self._config, share)
        platform, self._names = admission.admit(self._connected, self._site, self._note)
        return platform

    def train(
        self,
        tasks: Sequence[tasks_lib.Task],
        data_fn: Callable[[], data_lib.Data],
        check_lock: lock.Check,
    ) -> dict[str, str]:
        """Trains tasks and returns the reasons of the runs that failed.

        Raises:
          KeyboardInterrupt: After Ctrl-C; the states of all runs are saved.
          Terminated: After another signal; the states of all runs are saved.
          HostFailed: If the scheduler is lost.
          WriteFailed: If another process has taken over the folder of the sweep.
        """
        if not tasks:
            return {}
        names = [run.name for task in tasks for run in task.unfinished()]
        steps = self._config.training.steps
        table = live_table.LiveTable(names, steps, self._note)
        assert self._site is not None
        roster = Roster(self._connected.client, self._names, table)
        waiting = _Waiting(self._connected, self._site, table, roster, check_lock)
        try:
            with Termination() as termination:
                waiting.submit(tasks, remote.describe(data_fn()))
                waiting.wait(termination)
        finally:
            waiting.close()
            table.close()
        _wait_until_visible(tasks, waiting.failed)
        return waiting.failed


class _Waiting:
    """Tasks that have been submitted.

    Args:
      connected: Connection to the cluster.
      site: The sweep.
      table: Table of the runs.
      roster: Workers of the cluster.
      check_lock: Raises if this process may not write the sweep any more.
    """

    def __init__(
        self,
        connected: connection.Connection,
        site: site_lib.Site,
        table: live_table.LiveTable,
        roster: Roster,
        check_lock: lock.Check,
    ) -> None:
        self.failed: dict[str, str] = {}
        self._client, self._address = connected.client, connected.address
        self._site, self._table, self._roster = site, table, roster
        self._check_lock = check_lock
        self._told: set[str] = set()
        self._pending: dict[distributed.Future, tasks_lib.Task] = {}
        self._news: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def submit(self, tasks: Sequence[tasks_lib.Task], data: dict[str, Any]) -> None:
        """Gives all tasks to the scheduler."""
        self._client.subscribe_topic(self._site.topic, lambda event: self._news.put(event[1]))
        for number, task in enumerate(tasks):
            future = self._client.submit(
                remote.train_task,
                task,
                self._site,
                data,
                key=f"{self._site.topic}-{number}",
                retries=RETRIES,
                pure=False,
            )
            self._pending[future] = task
            future.add_done_callback(self._news.put)

    def wait(self, termination: Termination) -> None:
        """Waits until all tasks have ended, or a signal arrives."""
        while self._pending:
            if termination.requested:
                self._stop(termination)
            self._check_lock()
            for news in self._next():
                if isinstance(news, distributed.Future):
                    self._end(news)
                else:
                    self._show(news)
            self._roster.look()
            self._table.refresh()

    def close(self) -> None:
        """Takes the tasks that have not ended back from the scheduler."""
        with contextlib.suppress(Exception):  # The scheduler may be lost.
            self._client.cancel(list(self._pending), force=True)
            self._client.unregister_worker_plugin(self._site.topic)

    def _next(self) -> Iterator[Any]:
        with contextlib.suppress(queue.Empty):
            yield self._news.get(timeout=_TICK)
            while True:
                yield self._news.get_nowait()

    def _end(self, future: distributed.Future) -> None:
        """Records the end of a task."""
        task = self._pending.get(future)
        if task is None:
            return
        if future.status == "cancelled":
            raise HostFailed(
                f"the connection to the scheduler {printable(self._address)} was lost; {_AGAIN}."
                if self._client.status != "running"
                else f"somebody else has cancelled the runs on the cluster; {_AGAIN}."
            )
        del self._pending[future]
        if future.status == "error":
            reason = self._reason(future)
            failed = {run.name: reason for run in task.unfinished()}
        else:
            failed = future.result()
        for run in task.runs:
            if run.name in failed:
                self._table.note(f"{run.name} failed: {failed[run.name]}")
                self._table.set([run.name], live_table.FAILED)
            else:
                self._table.finish(run.name, self._site.config.training.steps)
        self.failed |= failed

    def _reason(self, future: distributed.Future) -> str:
        """Returns the reason of a task that ended with an error."""
        error: Any = future.exception()
        if isinstance(error, distributed.KilledWorker):
            worker = getattr(error.last_worker, "name", "") or error.last_worker.address
            return (
                f"{error.allowed_failures + 1} workers were lost while they trained it, the last "
                f"one was {printable(str(worker))}. Look at their logs; they may need more memory."
            )
        for line in traceback.format_exception(error):
            self._table.note(line.rstrip("\n"))
        return f"unexpected error ({type(error).__name__}: {str(error).partition(chr(10))[0]:.200})"

    def _show(self, news: dict[str, Any]) -> None:
        """Shows a message of a worker."""
        if news["kind"] == "refused":
            self._table.note(f"{news['where']} is not used, because it {news['text']}")
            return
        if news["kind"] == "joined":
            self._roster.add(news["address"], news["where"])
            return
        running = [name for name in news["runs"] if self._table.is_open(name)]
        if news["kind"] == "note":
            if news["text"] not in self._told:  # Every run has the same messages about the data.
                self._told.add(news["text"])
                self._table.note(f"{news['task']}: {news['text']}")
        elif news["kind"] == "step":
            self._table.step(running, news["step"], news["where"])
        else:
            self._table.set(running, news["state"], news["where"])

    def _stop(self, termination: Termination) -> None:
        """Stops all tasks, waits until their states are saved, and raises the error of a signal."""
        self._table.note(f"{termination.name}: saving the runs; a second signal exits at once")
        self._client.cancel(list(self._pending), force=True)
        names = [run.name for task in self._pending.values() for run in task.runs]
        self._pending.clear()
        end = time.monotonic() + _SAVING_SECONDS
        while (left := self._training(names)) and time.monotonic() < end:
            for news in self._next():
                if not isinstance(news, distributed.Future):
                    self._show(news)
            self._table.refresh()
        if left:
            self._table.note(f"{len(left)} runs are not saved yet, such as {left[0]}")
        raise termination.error(_AGAIN)

    def _training(self, names: Sequence[str]) -> list[str]:
        """Returns the runs that a worker still trains."""
        return [name for name in names if self._table.is_training(name)]


def _wait_until_visible(tasks: Sequence[tasks_lib.Task], failed: dict[str, str]) -> None:
    """Waits until this machine sees the outcomes that workers have written.

    A file system that machines share can show new files late.

    Raises:
      ConfigError: If an outcome remains invisible.
    """
    end = time.monotonic() + _VISIBLE_SECONDS
    for task in tasks:
        while missing := [run for run in task.unfinished() if run.name not in failed]:
            if time.monotonic() > end:
                raise ConfigError(
                    f"{missing[0].folder}/outcome.json was written by a worker, but is not visible "
                    "on this machine. Run the same command again when it is."
                )
            with contextlib.suppress(OSError):  # Listing a folder makes NFS look at it again.
                list(missing[0].folder.iterdir())
            time.sleep(_TICK)
