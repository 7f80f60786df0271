"""Figure of the gradient norms of generator and discriminator."""

import functools
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from experiments._shared.figures import plt
from experiments.one_sided.norms.quality import SCORES, TOTALS, main_score
from experiments.one_sided.norms.squares import as_array, median_norm, root
from experiments.one_sided.norms.table import format_slope
from experiments.one_sided.trajectories.figure import draw_grid

COLORS = {"min": "tab:blue", "max": "tab:red"}
NAMES = {"min": "generator", "max": "discriminator"}


def draw(result: dict[str, Any], path: Path) -> None:
    """Draws one panel per run, and below it the score of the generator if it was recorded."""
    scored = [run["quality"] for run in result["runs"].values() if "quality" in run]
    below = (draw_quality, SCORES[main_score(scored[0])]) if scored else None
    line = functools.partial(plt.Line2D, [], [])
    handles = [line(color=color, lw=2, label=NAMES[side]) for side, color in COLORS.items()]
    corrected = "corrected for minibatch noise (dots: below the standard error)"
    handles.append(line(color="0.4", ls="-", lw=1.6, label=corrected))
    handles.append(line(color="0.4", ls=":", lw=1.6, label="raw"))
    draw_grid(
        result,
        path,
        panel,
        handles,
        xlabel="updates",
        ylabel="gradient norm",
        title=(
            "gradient of the loss that each player descends\n"
            f"thin: {result['seeds']} seeds; thick: median; s: slope after a tenth of the run"
        ),
        columns=4,
        below=below,
    )


def draw_quality(axes: Axes, found: dict[str, Any]) -> None:
    """Draws the main score of the generator along a run, if it was recorded."""
    if "quality" not in found:
        axes.text(0.5, 0.5, "not recorded", ha="center", color="0.5", transform=axes.transAxes)
        return
    quality = found["quality"]
    name = main_score(quality)
    scores = as_array(quality[name])
    steps = np.maximum(found["steps"], found["steps"][1] / 2)
    for row in scores:
        axes.plot(steps, row, color=COLORS["min"], lw=0.6, alpha=0.5)
    axes.plot(steps, np.median(scores, axis=0), color=COLORS["min"], lw=2)
    if name in TOTALS:
        axes.axhline(quality[TOTALS[name]], color="0.4", ls="--", lw=1)
        axes.set_yticks(np.arange(0, quality[TOTALS[name]] + 1, 2))  # The score is a count.
    axes.set(xscale="log", ylim=(0, None))
    axes.grid(alpha=0.2)


def panel(axes: Axes, found: dict[str, Any]) -> None:
    """Draws the norms of both players along a run, with their slopes."""
    # The start gets a place on the logarithmic axis.
    steps = np.maximum(found["steps"], found["steps"][1] / 2)
    for side, color in COLORS.items():
        recorded = found["descended"][side]
        squares, errors = (as_array(recorded[part]) for part in ("corrected", "stderr"))
        for row, error in zip(squares, errors, strict=True):
            axes.plot(steps, root(np.maximum(row, error)), color=color, lw=0.6, alpha=0.5)
            low = row < error
            axes.plot(steps[low], root(error[low]), ".", color=color, ms=3, alpha=0.6)
        axes.plot(steps, median_norm(recorded), color=color, lw=2)
        raw = root(np.median(as_array(recorded["raw"]), axis=0))
        axes.plot(steps, raw, color=color, ls=":", lw=1.5)
        slope = found["slopes"]["descended"][side]
        if slope["mean"] is not None:
            height = 0.11 if side == "min" else 0.03
            text = f"s {format_slope(slope)}"
            axes.text(0.03, height, text, color=color, fontsize=9, transform=axes.transAxes)
    axes.set(xscale="log", yscale="log")
    axes.grid(alpha=0.2)
