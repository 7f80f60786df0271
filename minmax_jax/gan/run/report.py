"""What a person sees of a run: the progress line, the curves and the summary."""

import math
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

import matplotlib.figure
import numpy as np
from matplotlib import ticker

from minmax_jax.gan.config.config import Config
from minmax_jax.gan.evaluation import score_table
from minmax_jax.gan.run import run_folder

_QUIET_SECONDS = 10.0


class Progress:
    """The progress line: rewritten in place on a terminal, now and then in a log file.

    Args:
      total: steps of the whole run.
      stream: where to write, standard error by default.
    """

    def __init__(self, total: int, stream: TextIO | None = None) -> None:
        self._total, self._stream = total, stream or sys.stderr
        self._live = self._stream.isatty()
        self._last = (0, time.monotonic())
        self._printed_at = -math.inf
        self._pending = False

    def begin(self, step: int) -> None:
        """Starts the clock; `step` is what a resumed run has behind it."""
        self._last = (step, time.monotonic())

    def update(self, step: int, record: Mapping[str, float]) -> float:
        """Shows the state after `step` updates; returns steps a second since the last call."""
        now = time.monotonic()
        before, then = self._last
        speed = (step - before) / max(now - then, 1e-9)
        self._last = (step, now)
        done = step >= self._total
        if self._live or done or now - self._printed_at >= _QUIET_SECONDS:
            line = progress_line(step, self._total, speed, record)
            self._stream.write(f"\r{line}\x1b[K" if self._live else f"{line}\n")
            self._stream.flush()
            self._printed_at = now
            self._pending = self._live
        return speed

    def note(self, message: str) -> None:
        """Writes a line of its own."""
        self.close()
        self._stream.write(f"{message}\n")
        self._stream.flush()

    def close(self) -> None:
        """Ends the line that is being rewritten."""
        if self._pending:
            self._stream.write("\n")
            self._pending = False


def progress_line(step: int, total: int, speed: float, record: Mapping[str, float]) -> str:
    """Returns the text of the progress line.

    Example:
      >>> record = {"loss_min": 0.7, "loss_max": 1.4, "pace": 2.0}
      >>> progress_line(500, 2000, 100.0, record)
      'step   500/2000  100 steps/s  ETA 0:15  loss G 0.700 D 1.400  pace 2.00'
    """
    width = len(str(total)) + 1
    known = speed > 0  # not before the clock has seen a step
    eta = duration((total - step) / speed) if known else "?"
    skipped = f"  skipped {record['skipped']:.0f}" if record.get("skipped") else ""
    undefined = math.isnan(record["pace"])  # nobody moved: the update was taken back
    pace = "–" if undefined else f"{record['pace']:.2f}"
    return (
        f"step {step:{width}d}/{total}  {f'{speed:.3g}' if known else '?'} steps/s  ETA {eta}  "
        f"loss G {record['loss_min']:.3f} D {record['loss_max']:.3f}  "
        f"pace {pace}{skipped}"
    )


def duration(seconds: float) -> str:
    """Returns `m:ss`, or `h:mm:ss` from an hour on."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def curves(records: Sequence[Mapping[str, Any]], title: str) -> matplotlib.figure.Figure:
    """Returns losses, gradient norms and pace against steps, from the lines of `metrics.jsonl`."""
    figure = matplotlib.figure.Figure(figsize=(8, 8), layout="constrained")
    figure.suptitle(title)
    losses, norms, pace = figure.subplots(3, sharex=True)
    for side, name, color in (
        ("min", "generator", "tab:blue"),
        ("max", "discriminator", "tab:red"),
    ):
        losses.plot(*run_folder.column(records, f"loss_{side}"), color=color, label=name)
        norms.plot(*run_folder.column(records, f"gradient_norm_{side}"), color=color, label=name)
    pace.plot(*run_folder.column(records, "pace"), color="black")
    pace.axhline(1, color="0.7", linewidth=1, zorder=0)
    losses.set_ylabel("loss")
    norms.set_ylabel("gradient norm")
    pace.set_ylabel("pace: update norm\ndiscriminator / generator")
    pace.set_xlabel("step")
    losses.legend(loc="upper right")
    for axes, name in ((norms, "gradient_norm_min"), (pace, "pace")):
        if np.any(run_folder.column(records, name)[1] > 0):
            axes.set_yscale("log")
            axes.yaxis.set_major_formatter("{x:g}")
            low, high = axes.get_ylim()
            # Labels between the powers of ten, where hardly a power is in view.
            axes.yaxis.set_minor_formatter("{x:g}" if high < 12 * low else ticker.NullFormatter())
    for axes in (losses, norms, pace):
        axes.grid(alpha=0.3)
        axes.margins(x=0.01)
    return figure


def summary_text(config: Config, summary: Mapping[str, Any], folder: Path) -> str:
    """Returns the lines printed at the end of a run."""
    rates = f"{config.optimizer.learning_rate_min:g} and {config.optimizer.learning_rate_max:g}"
    lines = [
        f"{config.data.source}, {config.networks.name}, {config.objective.loss} loss: "
        f"{summary['step']} updates by {config.optimizer.name} at rates {rates} "
        "(generator, discriminator)",
        *([score_table.text(summary["evaluation"], "  ")] if "evaluation" in summary else []),
    ]
    names = ("samples.png", "curves.png", "metrics.jsonl", "summary.json")
    width = max(map(len, names))
    lines += [f"  {name:{width}}  {folder / name}" for name in names]
    return "\n".join(lines)
