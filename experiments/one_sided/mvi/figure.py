"""Figure of the cosine along runs, for the end of the run and every control."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from experiments._shared.figures import plt
from experiments.one_sided.trajectories.figure import draw_grid

COLORS = {
    "own end": "black",
    "other seed": "tab:red",
    "average": "tab:green",
    "middle": "tab:orange",
    "random": "0.6",
    "mismatched": "tab:blue",
}
"""Color of each reference point."""


def draw(result: dict[str, Any], path: Path) -> None:
    """Draws one panel per run."""
    handles = [plt.Line2D([], [], color=color, lw=2, label=name) for name, color in COLORS.items()]
    draw_grid(
        result,
        path,
        lambda axes, found: panel(axes, result["times"], found["descended"]),
        handles,
        xlabel="updates t",
        ylabel="cosine",
        title=(
            "cosine between ∇ₓ of the descended loss at (x_t, y_t) and x_t − x*\n"
            f"colors: choice of x*; lines: mean over {result['seeds']} seeds; bands: range"
        ),
        columns=len(COLORS),
    )


def panel(axes: Axes, times: list[int], found: dict[str, Any]) -> None:
    """Draws mean and range over seeds along a run, for every reference point."""
    for name, summary in found.items():
        cosines = np.array([[np.nan if v is None else v for v in row] for row in summary["cosine"]])
        width = 2 if name == "own end" else 1.4
        axes.plot(times, cosines.mean(axis=0), color=COLORS[name], lw=width)
        low, high = cosines.min(axis=0), cosines.max(axis=0)
        axes.fill_between(times, low, high, color=COLORS[name], alpha=0.1, lw=0)
    axes.axhline(0, color="0.3", lw=0.8)
    axes.grid(alpha=0.2)
