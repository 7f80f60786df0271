"""Progress line of a run."""

import contextlib
import math
import sys
import time
from collections.abc import Mapping
from typing import TextIO

from minmax_jax.gan.base.messages import printable

_QUIET_SECONDS = 10.0


class Progress:
    """Progress line: updated in place on a terminal, printed every 10 s otherwise.

    A stream that cannot be written, for example because its terminal was closed, is ignored: it
    must not end a run.

    Args:
      total: Number of steps of the whole run.
      stream: Stream to write to. Default: standard error.
    """

    def __init__(self, total: int, stream: TextIO | None = None) -> None:
        self._total, self._stream = total, stream or sys.stderr
        self._live = self._stream is not None and self._stream.isatty()
        self._last = (0, time.monotonic())
        self._steps, self._seconds = 0, 0.0  # measured since the run started or resumed
        self._printed_at = -math.inf
        self._pending = False

    def start_clock(self, step: int) -> None:
        """Starts the clock for the speed at `step`; the time since the last record is lost."""
        self._last = (step, time.monotonic())

    def update(self, step: int, record: Mapping[str, float], now: float) -> float:
        """Shows a record of metrics; the last one shows the mean speed of all records.

        Args:
          step: Number of updates so far.
          record: Metrics after these updates.
          now: Value of `time.monotonic()` when the devices had computed them.

        Returns:
          Steps per second since the last record or the start of the clock, 0 if unknown.
        """
        before, then = self._last
        steps, seconds = step - before, max(now - then, 1e-9)
        self._last = (step, now)
        self._steps, self._seconds = self._steps + steps, self._seconds + seconds
        done = step >= self._total
        if self._live or done or now - self._printed_at >= _QUIET_SECONDS:
            shown = self._steps / self._seconds if done else steps / seconds
            line = progress_line(step, self._total, shown, record)
            self._write(f"\r{line}\x1b[K" if self._live else f"{line}\n")
            self._printed_at = now
            self._pending = self._live
        return steps / seconds

    def note(self, message: str) -> None:
        """Writes a message on a separate line."""
        self.close()
        self._write(f"{printable(message)}\n")

    def close(self) -> None:
        """Ends the line that is updated in place."""
        if self._pending:
            self._write("\n")
            self._pending = False

    def _write(self, text: str) -> None:
        if self._stream is None:  # Python starts without standard error if it is closed.
            return
        with contextlib.suppress(OSError, ValueError):  # ValueError: the stream is closed.
            self._stream.write(text)
            self._stream.flush()


def progress_line(step: int, total: int, speed: float, record: Mapping[str, float]) -> str:
    """Returns the text of the progress line.

    Example:
      >>> record = {"loss_min": 0.7, "loss_max": 1.4, "update_norm_ratio": 2.0}
      >>> progress_line(500, 2000, 100.0, record)
      'step   500/2000  100 steps/s  ETA 0:15  loss G 0.700 D 1.400  update norms D/G 2.00'
    """
    width = len(str(total)) + 1
    known = speed > 0  # It is 0 until the clock has measured a step.
    eta = duration((total - step) / speed) if known else "?"
    skipped = f"  skipped {record['skipped']:.0f}" if record.get("skipped") else ""
    ratio = record["update_norm_ratio"]
    shown = "–" if math.isnan(ratio) else f"{ratio:.2f}"  # It is NaN if the update was rejected.
    return (
        f"step {step:{width}d}/{total}  {f'{speed:.3g}' if known else '?'} steps/s  ETA {eta}  "
        f"loss G {record['loss_min']:.3f} D {record['loss_max']:.3f}  "
        f"update norms D/G {shown}{skipped}"
    )


def duration(seconds: float) -> str:
    """Returns seconds as `m:ss`, or as `h:mm:ss` from one hour on."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
