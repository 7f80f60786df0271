"""Lines of `metrics.jsonl`, written one line late: no training step waits for them."""

import contextlib
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jax

from minmax_jax import parallel
from minmax_jax.gan.run import report, run_folder
from minmax_jax.gan.training import nonfinite
from minmax_jax.gan.training import step as step_lib

NAMES = (*step_lib.QUANTITIES, *step_lib.GREEDY_QUANTITIES, *nonfinite.QUANTITIES)
"""Every quantity that a line may hold, in its order."""


class MetricsLog:
    """Writes what the devices measured, once the next line is due or `flush` is called.

    A line's values are on their way to the host from `add` on, and are read when the next
    line comes: the host runs at most one line ahead of the devices. Lines keep their order.
    `flush` before a checkpoint, so that a run resumed there lacks no line.

    Args:
      folder: the run folder.
      progress: shows each line as it is written.
    """

    def __init__(self, folder: Path, progress: report.Progress) -> None:
        self._folder, self._progress = folder, progress
        self._pending: tuple[int, Mapping[str, jax.Array]] | None = None
        records = [record for record in run_folder.read_metrics(folder) if "seconds" in record]
        self._before = records[-1]["seconds"] if records else 0.0
        self._began: float | None = None

    @property
    def running(self) -> bool:
        """Whether the clock runs."""
        return self._began is not None

    def begin(self, step: int) -> None:
        """Starts the clock of training, after compilation; `step` is what lies behind."""
        self._began = time.monotonic()
        self._progress.begin(step)

    @contextlib.contextmanager
    def paused(self, step: int) -> Iterator[None]:
        """Writes the line that is on its way; what is done inside does not count as training."""
        self.flush()
        stopped = time.monotonic()
        yield
        if self._began is not None:
            self._began += time.monotonic() - stopped
        self._progress.begin(step)

    def add(self, step: int, values: Mapping[str, Any]) -> None:
        """Takes the values of a line, scalars replicated over devices, and writes the line before.

        Args:
          step: updates so far.
          values: by name; what `NAMES` does not know is left out.
        """
        mine = self._of_one_device(values)
        for value in mine.values():
            value.copy_to_host_async()
        self.flush()
        self._pending = (step, mine)

    def _of_one_device(self, values: Mapping[str, Any]) -> dict[str, jax.Array]:
        known = {name: values[name] for name in NAMES if name in values}
        return parallel.unreplicate(known)

    def flush(self) -> None:
        """Writes the line that is still on its way, if there is one."""
        if self._pending is None:
            return
        (step, values), self._pending = self._pending, None
        record = {name: float(values[name]) for name in NAMES if name in values}
        speed = self._progress.update(step, record)
        times = {"steps_per_second": round(speed, 2)} if speed else {}
        times["seconds"] = self._seconds()
        run_folder.append_metrics(self._folder, {"step": step, **record, **times})

    def _seconds(self) -> float:
        """Seconds of training, compilation apart, over all the pieces of a resumed run."""
        since = time.monotonic() - self._began if self._began is not None else 0.0
        return round(self._before + since, 2)
