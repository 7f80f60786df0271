"""Writes `metrics.jsonl` asynchronously, one record late."""

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent import futures
from pathlib import Path
from typing import Any, NamedTuple

import jax

from minmax_jax import parallel
from minmax_jax.gan.run import progress as progress_lib
from minmax_jax.gan.run import run_folder
from minmax_jax.gan.training import nonfinite
from minmax_jax.gan.training import step as step_lib

NAMES = (
    *step_lib.QUANTITIES,
    *step_lib.AUGMENTATION_QUANTITIES,
    *step_lib.GREEDY_QUANTITIES,
    *nonfinite.QUANTITIES,
)
"""Names of all quantities that a record can contain, in the order of a record."""


class _Pending(NamedTuple):
    """A record that is not written yet.

    Attributes:
      step: Number of updates so far.
      values: Scalars by name.
      ready: Time at which the devices have computed them.
    """

    step: int
    values: Mapping[str, jax.Array]
    ready: futures.Future[float]


class MetricsLog:
    """Writes the metrics that the devices compute, in order, one record late.

    `add` starts the transfer of a record to the host and writes the previous record. Training
    therefore never waits for the newest metrics. Call `flush` before a checkpoint is saved: a
    run that resumes from it needs all earlier records.

    Speed and training time are measured when the devices finish the values of a record. Compiled
    calls are asynchronous, so `add` may be called long before that moment, and the record is
    written after it. Therefore a separate thread waits for the values and notes the time.

    Args:
      folder: Run folder.
      progress: Shows each record when it is written.
      check: Called before each write; it raises an error if this process may not write.
      scheduled: Function from the step of a record to further values by name.
    """

    def __init__(
        self,
        folder: Path,
        progress: progress_lib.Progress,
        check: Callable[[], None] = lambda: None,
        scheduled: Callable[[int], Mapping[str, float]] = lambda step: {},
    ) -> None:
        self._folder, self._progress, self._check = folder, progress, check
        self._scheduled = scheduled
        self._pending: _Pending | None = None
        self._clock = futures.ThreadPoolExecutor(1, thread_name_prefix="metrics")
        records = [record for record in run_folder.read_metrics(folder) if "seconds" in record]
        self._earlier_seconds = records[-1]["seconds"] if records else 0.0
        self._start_time: float | None = None

    def start_clock(self, step: int) -> None:
        """Starts the clock for training time at `step`. Call it after compilation."""
        self._scheduled(step)  # This compiles the function.
        self._start_time = time.monotonic()
        self._progress.start_clock(step)

    @contextlib.contextmanager
    def paused(self, step: int) -> Iterator[None]:
        """Writes the pending record, and excludes the `with` block from the training time."""
        self.flush()
        stopped = time.monotonic()
        yield
        if self._start_time is not None:
            self._start_time += time.monotonic() - stopped
        self._progress.start_clock(step)

    def add(self, step: int, values: Mapping[str, Any]) -> None:
        """Adds a record and writes the previous one.

        Args:
          step: Number of updates so far.
          values: Scalars by name, with a leading axis of devices. Names outside of `NAMES` are
            ignored.
        """
        scalars = self._of_one_device(values)
        for value in scalars.values():
            value.copy_to_host_async()
        ready = self._clock.submit(_time_when_ready, scalars)
        self.flush()
        self._pending = _Pending(step, scalars, ready)

    def _of_one_device(self, values: Mapping[str, Any]) -> dict[str, jax.Array]:
        known = {name: values[name] for name in NAMES if name in values}
        return parallel.unreplicate(known)

    def flush(self) -> None:
        """Writes the pending record, if there is one."""
        if self._pending is None:
            return
        (step, values, ready), self._pending = self._pending, None
        record = {name: float(values[name]) for name in NAMES if name in values}
        self._check()
        speed = self._progress.update(step, record, ready.result())
        times = {"steps_per_second": round(speed, 2)} if speed else {}
        times["seconds"] = self._seconds(ready.result())
        record = {"step": step, **record, **self._scheduled(step), **times}
        run_folder.append_metrics(self._folder, record)

    def _seconds(self, now: float) -> float:
        """Returns the training time in seconds, without compilation, over all resumed parts."""
        since = max(now - self._start_time, 0.0) if self._start_time is not None else 0.0
        return round(self._earlier_seconds + since, 2)


def _time_when_ready(values: Mapping[str, jax.Array]) -> float:
    jax.block_until_ready(values)
    return time.monotonic()
