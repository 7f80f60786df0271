"""Trains one task in a worker of a cluster."""

import functools
import time
from typing import Any, TextIO

import distributed

from minmax_jax.gan import data as data_lib
from minmax_jax.gan.base.errors import ConfigError, DataError, Terminated
from minmax_jax.gan.config.data import DataConfig
from minmax_jax.gan.multihost import termination
from minmax_jax.gan.run import files, lease, lock, run_folder
from minmax_jax.gan.run import progress as progress_lib
from minmax_jax.gan.sweeps import tasks as tasks_lib
from minmax_jax.gan.sweeps.cluster import plugin as plugin_lib
from minmax_jax.gan.sweeps.cluster import site as site_lib

_REPORT_SECONDS = 1.0  # Between two reports of the step.

_PATIENCE = 2 * lease.LEASE  # Seconds to wait for the lock of a lost worker.


def train_task(task: tasks_lib.Task, site: site_lib.Site, data: dict[str, Any]) -> dict[str, str]:
    """Trains the unfinished runs of a task in the worker that executes this function.

    If the sweep is stopped or the worker closes, the states are saved.

    Args:
      task: Runs to train.
      site: The sweep.
      data: Description of the data with which the sweep was started.

    Returns:
      The runs that failed: maps their names to the reasons.
    """
    worker = distributed.get_worker()
    key = worker.get_current_task()
    plugin = plugin_lib.WORKERS[worker.address, site.topic]
    runs = tuple(site_lib.localize(run, site, plugin.shares_folder) for run in task.runs)
    task = task._replace(runs=runs)
    report = Report(worker, site.topic, task)
    report.state("running")
    ask = functools.partial(plugin.why_stop, key)
    try:
        with termination.also_when(ask):
            _wait_for_locks(task, report, ask)
            failed = _train(task, data, report)
    except Terminated as error:
        report.state("stopped", str(error))
        failed = {}
    if plugin.closing and task.unfinished():
        raise distributed.Reschedule
    return failed


def _train(task: tasks_lib.Task, data: dict[str, Any], report: "Report") -> dict[str, str]:
    config = task.runs[0].config
    try:
        found = _describe(config.data)
    except (ConfigError, DataError) as error:
        return {run.name: str(error) for run in task.unfinished()}
    if differing := differences(data, found):
        names = ", ".join(differing)
        reason = (
            f"the data in worker {report.worker} differs from the data of the sweep ({names}). Use "
            "the same files on all machines."
        )
        return {run.name: reason for run in task.unfinished()}
    watch = tasks_lib.Watch(
        report.note,
        progress_fn=lambda: _Progress(config.training.steps, report),
        at_step=report.step,
    )
    return tasks_lib.train_task(task, config.data.load, watch)


@functools.lru_cache(maxsize=1)
def _describe(config: DataConfig) -> dict[str, Any]:
    """Returns the description of a dataset, which is computed once per worker."""
    return describe(config.load())


def describe(data: data_lib.Data) -> dict[str, Any]:
    """Returns what must be the same of the data in all workers."""
    return {k: v for k, v in run_folder.describe(data).items() if k != "name"}


def differences(data: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """Returns the names of the values in which the data of a worker differ.

    If one of two machines streams the data, its checksum is of the files, and cannot be compared.
    """
    names = {*data, *found}
    if data.get("crc32_of") != found.get("crc32_of"):
        names -= {"crc32", "crc32_of"}
    return sorted(name for name in names if data.get(name) != found.get(name))


def _wait_for_locks(task: tasks_lib.Task, report: "Report", ask: termination.Ask) -> None:
    """Waits until no other process writes to the folders of runs, but not forever.

    A lost worker can still write, and its lock on another machine has to expire.
    """
    folders = [run.folder for run in task.unfinished()]
    for folder in folders:
        files.make_folder(folder)
    end, told = time.monotonic() + _PATIENCE, []

    def keep_waiting(reason: str) -> bool:
        if not told:
            told.append(reason)
            report.state("waiting for its lock")
        return not ask() and time.monotonic() < end

    lock.wait_until_free(*folders, keep_waiting=keep_waiting)
    if told:
        report.state("running")
    if reason := ask():
        raise Terminated(f"{reason} before the run has started in this worker")


class Report:
    """Tells the process that started the sweep about a task.

    Args:
      worker: Worker that trains it.
      topic: Topic of the messages.
      task: The task.
    """

    def __init__(self, worker: distributed.Worker, topic: str, task: tasks_lib.Task) -> None:
        self.worker = plugin_lib.name_of(worker)
        self._worker, self._topic = worker, topic
        self._name = task.name
        self._runs = [run.name for run in task.unfinished()]
        self._reported_at = float("-inf")

    def state(self, state: str, text: str = "") -> None:
        """Reports the state of all unfinished runs."""
        self._send(kind="state", state=state, text=text)

    def step(self, step: int) -> None:
        """Reports the step, at most once per second."""
        if time.monotonic() - self._reported_at >= _REPORT_SECONDS:
            self._reported_at = time.monotonic()
            self._send(kind="step", step=step)

    def note(self, text: str) -> None:
        """Sends a message for the user."""
        self._send(kind="note", text=text)

    def _send(self, **message: Any) -> None:
        # The scheduler replaces the value of a key "worker" by the address.
        about = {"task": self._name, "runs": self._runs, "where": self.worker}
        self._worker.log_event(self._topic, {**message, **about})


class _Progress(progress_lib.Progress):
    """Progress of a single run, which is reported instead of printed."""

    def __init__(self, total: int, report: Report) -> None:
        super().__init__(total, _Nowhere())
        self._report = report

    def update(self, step: int, record: Any, now: float) -> float:
        """Reports the step."""
        self._report.step(step)
        return super().update(step, record, now)

    def note(self, message: str) -> None:
        """Reports a message."""
        self._report.note(message)


class _Nowhere(TextIO):
    """Stream that discards everything."""

    def write(self, text: str, /) -> int:
        """Discards text."""
        return len(text)

    def flush(self) -> None:
        """Does nothing."""

    def isatty(self) -> bool:
        """Returns False."""
        return False
