"""Figure of the gradient norms of generator and discriminator."""

import functools
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from experiments._shared.figures import GRAY, plt
from experiments.one_sided.norms.quality import MAX_DATA_DISTANCE, SCORES, TOTALS, main_score
from experiments.one_sided.norms.squares import as_array, median_norm, root
from experiments.one_sided.norms.table import format_slope
from experiments.one_sided.trajectories.figure import draw_grid

COLORS = {"min": "tab:blue", "max": "tab:red"}
NAMES = {"min": "generator", "max": "discriminator"}
LOWEST_NORM = 1e-8
"""Smaller norms are drawn here."""
LOWEST_DISTANCE = 1e-3
"""Lower end of the axis of distances from the data."""


def draw(result: dict[str, Any], path: Path) -> None:
    """Draws one panel per run, and below it the score of the generator if it was recorded."""
    scored = [run["quality"] for run in result["runs"].values() if "quality" in run]
    label = textwrap.fill(SCORES[main_score(scored[0])], 15) if scored else ""
    below = (draw_quality, label) if scored else None
    line = functools.partial(plt.Line2D, [], [])
    handles = [line(color=color, lw=2, label=NAMES[side]) for side, color in COLORS.items()]
    if has_noise(result):
        handles.append(line(color="0.4", ls="-", lw=1.6, label="corrected for minibatch noise"))
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
            f"gray: {result['seeds']} seeds; thick: median; s: slope after a tenth of the run"
        ),
        columns=4,
        below=below,
    )


def has_noise(result: dict[str, Any]) -> bool:
    """Returns whether the raw and the corrected line of some run differ visibly.

    They coincide without minibatch noise, as for the presets with one parameter per player.
    """
    players = [run["descended"][side] for run in result["runs"].values() for side in COLORS]
    lines = [median_lines(recorded) for recorded in players]
    return not all(np.allclose(*pair, rtol=0.01, atol=0, equal_nan=True) for pair in lines)


def median_lines(recorded: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Returns the median norms over seeds as they are drawn, corrected and raw."""
    raw = root(np.median(as_array(recorded["raw"]), axis=0))
    return np.maximum(median_norm(recorded), LOWEST_NORM), np.maximum(raw, LOWEST_NORM)


def draw_quality(axes: Axes, found: dict[str, Any]) -> None:
    """Draws the main score of the generator along a run, if it was recorded."""
    if "quality" not in found:
        axes.text(0.5, 0.5, "not recorded", ha="center", color="0.5", transform=axes.transAxes)
        return
    quality = found["quality"]
    name = main_score(quality)
    scores = as_array(quality[name])
    steps = np.maximum(found["steps"], found["steps"][1] / 2)
    axes.plot(steps, scores.T, color=GRAY, lw=0.6, alpha=0.5)
    axes.plot(steps, np.median(scores, axis=0), color=COLORS["min"], lw=2)
    if name in TOTALS:
        axes.axhline(quality[TOTALS[name]], color="0.4", ls="--", lw=1)
        axes.set_yticks(np.arange(0, quality[TOTALS[name]] + 1, 2))  # The score is a count.
    if name == "data_distance":
        axes.axhline(MAX_DATA_DISTANCE, color="0.4", ls="--", lw=1)
    # Panels of a row share their axis, so its top must not be fixed by the first one.
    top = max(axes.get_ylim()[1], 1.05 * np.nanmax(scores))
    if name == "data_distance":
        axes.set(yscale="log", ylim=(LOWEST_DISTANCE, top))
    else:
        axes.set_ylim(0, top)
    axes.set_xscale("log")
    axes.grid(alpha=0.2)


def panel(axes: Axes, found: dict[str, Any]) -> None:
    """Draws the norms of both players along a run, with their slopes."""
    # The start gets a place on the logarithmic axis.
    steps = np.maximum(found["steps"], found["steps"][1] / 2)
    for side, color in COLORS.items():
        recorded = found["descended"][side]
        squares, errors = (as_array(recorded[part]) for part in ("corrected", "stderr"))
        for row, error in zip(squares, errors, strict=True):
            norms = root(np.maximum(row, error))
            axes.plot(steps, np.maximum(norms, LOWEST_NORM), color=GRAY, lw=0.6, alpha=0.5)
        median, raw = median_lines(recorded)
        axes.plot(steps, median, color=color, lw=2, zorder=3)
        axes.plot(steps, raw, color=color, ls=":", lw=1.5, zorder=3)
        slope = found["slopes"]["descended"][side]
        if slope["mean"] is not None:
            height = 0.11 if side == "min" else 0.03
            text = f"s {format_slope(slope)}"
            axes.text(0.03, height, text, color=color, fontsize=9, transform=axes.transAxes)
    axes.set(xscale="log", yscale="log")
    axes.grid(alpha=0.2)
