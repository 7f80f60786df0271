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
    """Draws one panel per run: cosines over time, or their means if all cosines are signs."""
    if is_sign(result):
        draw_means(result, path)
        return
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
            f"colors: choice of x*; lines: mean over {result['seeds']} seeds"
        ),
        columns=len(COLORS),
    )


def is_sign(result: dict[str, Any]) -> bool:
    """Returns whether every cosine is 1, 0 or −1, as for generators of one parameter."""
    return all(
        value is None or abs(value) in (0, 1)
        for found in result["runs"].values()
        for row in found["descended"]["own end"]["cosine"]
        for value in row
    )


def draw_means(result: dict[str, Any], path: Path) -> None:
    """Draws the mean cosine of each run with its interval, for every reference point."""
    draw_grid(
        result,
        path,
        lambda axes, found: means(axes, found["descended"]),
        [plt.Line2D([], [], color="0.3", marker="o", label="mean, 95 % interval over seeds")],
        xlabel="mean cosine",
        ylabel="choice of x*",
        title=(
            "cosine between ∇ₓ of the descended loss at (x_t, y_t) and x_t − x*, mean over the run"
            f"\nx has one parameter, so each cosine is a sign; {result['seeds']} seeds"
        ),
        columns=1,
    )


def means(axes: Axes, found: dict[str, Any]) -> None:
    """Draws mean and interval of every reference point, one below the other."""
    for row, (name, color) in enumerate(COLORS.items()):
        mean, low, high = found[name]["cosine_over_seeds"]
        if mean is not None:
            ends = [[mean - low], [high - mean]]
            axes.errorbar(mean, row, xerr=ends, fmt="o", color=color, capsize=3)
    axes.set(yticks=range(len(COLORS)), yticklabels=list(COLORS), xlim=(-1.05, 1.05))
    axes.set_ylim(len(COLORS) - 0.5, -0.5)
    axes.axvline(0, color="0.3", lw=0.8)
    axes.grid(axis="x", alpha=0.2)


def panel(axes: Axes, times: list[int], found: dict[str, Any]) -> None:
    """Draws the mean over seeds along a run, for every reference point."""
    for name, summary in found.items():
        cosines = np.array([[np.nan if v is None else v for v in row] for row in summary["cosine"]])
        width = 2 if name == "own end" else 1.4
        axes.plot(times, cosines.mean(axis=0), color=COLORS[name], lw=width)
    axes.axhline(0, color="0.3", lw=0.8)
    axes.grid(alpha=0.2)
