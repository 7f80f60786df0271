"""Panels that several figures share: phase diagrams, bars of outcomes, the legend."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.patches import Patch, Rectangle

from experiments._shared import figures
from experiments._shared.figures import plt
from experiments._shared.proportions import Proportion, format_proportion
from experiments.dissecting.theory import statistics
from experiments.dissecting.theory.config import METHODS

# Diagrams and bars use the same color map. Its bright end is success.
COLORS = dict(
    zip(statistics.OUTCOMES, plt.get_cmap("viridis")([1.0, 0.75, 0.5, 0.25, 0.0]), strict=True)
)
PAIR = {"sgda": "tab:orange", "nsgda": "tab:blue"}
CAVEAT = (
    "Model reconstructed from memory of arXiv 2210.04319, not checked against its text; "
    "λ = √d was chosen because it separates the methods."
)


def diagram(axes: Axes, title: str, found: dict[str, Any]) -> None:
    """Draws the proportion of seeds with both modes, and the most common outcome, by cell."""
    shares = statistics.successes(found).mean(-1)
    axes.imshow(shares, origin="lower", vmin=0, vmax=1, cmap="viridis", aspect="auto")
    for (row, column), share in np.ndenumerate(shares):
        letter = statistics.most_common(found["outcomes"][row][column])
        color = "black" if share > 0.6 else "white"
        axes.text(column, row, letter, ha="center", va="center", color=color, fontsize=10)
    frame_best(axes, statistics.successes(found).sum(-1))
    for axis, rates in ((axes.xaxis, found["rates_min"]), (axes.yaxis, found["rates_max"])):
        axis.set_ticks(range(len(rates)), [f"{float(f'{rate:.1g}'):g}" for rate in rates])
    axes.tick_params(axis="x", rotation=45)
    axes.set_xlabel("generator's learning rate η_G")
    axes.set_ylabel("discriminator's learning rate η_D")
    best, any_cell = statistics.held_out(found).share, statistics.any_cell(found)
    axes.set_title(
        f"{title}\nbest cell {interval(best)}, any cell {interval(any_cell)}", fontsize=11
    )


def frame_best(axes: Axes, counts: np.ndarray) -> None:
    """Frames the best cell, with a dashed line if it is at an edge of the grid.

    No cell is framed if no run succeeds.
    """
    if not counts.any():
        return
    row, column = statistics.best_cell(counts)
    at_edge = row in (0, counts.shape[0] - 1) or column in (0, counts.shape[1] - 1)
    axes.add_patch(
        Rectangle(
            (column - 0.46, row - 0.46),
            0.92,
            0.92,
            fill=False,
            edgecolor="red",
            linewidth=2,
            linestyle="--" if at_edge else "-",
        )
    )


def colorbar(figure: Any, panels: list[Axes], **options: Any) -> None:
    """Adds the color bar of phase diagrams."""
    colors = ScalarMappable(cmap="viridis")
    colors.set_clim(0, 1)
    figure.colorbar(colors, ax=panels, label="proportion of seeds with both modes", **options)


def interval(share: Proportion) -> str:
    """Formats a proportion with its interval."""
    value, low, high = (format_proportion(x) for x in (share.value, share.low, share.high))
    return f"{value} [{low}, {high}]"


def bars(axes: Axes, sweeps: dict[str, Any]) -> None:
    """Draws the outcomes of all runs, one bar per sweep."""
    for row, found in enumerate(sweeps.values()):
        left = 0.0
        for letter, share in statistics.outcome_shares(found).items():
            axes.barh(row, share, left=left, color=COLORS[letter], edgecolor="white")
            if share > 0.09:
                color = "black" if letter in "BS" else "white"
                text = f"{letter} {share:.0%}"
                axes.text(
                    left + share / 2, row, text, ha="center", va="center", color=color, fontsize=8
                )
            left += share
    titles = [METHODS[name].title if name in METHODS else name for name in sweeps]
    axes.set_yticks(range(len(sweeps)), [title.split(",")[0] for title in titles])
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.set_xlabel("share of all runs of the grid")


def legend(figure: Any) -> None:
    """Adds a legend of the outcomes, with a note on the origin of the model."""
    handles = [Patch(color=COLORS[letter]) for letter in COLORS]
    labels = [f"{letter}: {text}" for letter, text in statistics.OUTCOMES.items()]
    figure.legend(
        handles,
        labels,
        ncols=5,
        loc="outside lower center",
        frameon=False,
        fontsize=11,
        title=CAVEAT,
    )


def save(figure: Any, path: Path) -> Path:
    """Writes a figure and returns its path."""
    figures.save(figure, path, dpi=80)
    return path
