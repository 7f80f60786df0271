"""What the figures of `theory` share: a phase diagram, bars of outcomes, the legend."""

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.patches import Patch

from experiments.dissecting.theory import statistics
from experiments.dissecting.theory.config import METHODS

# One colour map: success is its bright end, in the diagrams and in the bars.
COLOURS = dict(
    zip(statistics.OUTCOMES, plt.get_cmap("viridis")([1.0, 0.75, 0.5, 0.25, 0.0]), strict=True)
)
PAIR = {"sgda": "tab:orange", "nsgda": "tab:blue"}
CAVEAT = (
    "Model reconstructed from memory of arXiv 2210.04319, not checked against its text; "
    "λ = √d was chosen because it separates the methods."
)


def diagram(axes: Axes, title: str, found: dict[str, Any]) -> None:
    """The share of seeds with both modes per cell, with the commonest outcome's letter."""
    shares = statistics.won(found).mean(-1)
    axes.imshow(shares, origin="lower", vmin=0, vmax=1, cmap="viridis", aspect="auto")
    for (row, column), share in np.ndenumerate(shares):
        letter = statistics.commonest(found["outcomes"][row][column])
        colour = "black" if share > 0.6 else "white"
        axes.text(column, row, letter, ha="center", va="center", color=colour, fontsize=10)
    for axis, rates in ((axes.xaxis, found["rates_min"]), (axes.yaxis, found["rates_max"])):
        axis.set_ticks(range(len(rates)), [f"{float(f'{rate:.1g}'):g}" for rate in rates])
    axes.tick_params(axis="x", rotation=45)
    axes.set_xlabel("generator's rate η_G")
    axes.set_ylabel("discriminator's rate η_D")
    best, anywhere = statistics.held_out(found).share, statistics.somewhere(found)
    axes.set_title(
        f"{title}\nbest cell {interval(best)}, any cell {interval(anywhere)}", fontsize=11
    )


def colourbar(figure: Any, panels: list[Axes], **options: Any) -> None:
    """What the colours of diagrams say."""
    colours = ScalarMappable(cmap="viridis")
    colours.set_clim(0, 1)
    figure.colorbar(colours, ax=panels, label="share of seeds with both modes", **options)


def interval(share: statistics.Share) -> str:
    low, high = statistics.number(share.low), statistics.number(share.high)
    return f"{statistics.number(share.value)} [{low}, {high}]"


def bars(axes: Axes, sweeps: dict[str, Any]) -> None:
    """What became of all runs, one bar a sweep."""
    for row, found in enumerate(sweeps.values()):
        left = 0.0
        for letter, share in statistics.classes(found).items():
            axes.barh(row, share, left=left, color=COLOURS[letter], edgecolor="white")
            if share > 0.09:
                colour = "black" if letter in "BS" else "white"
                text = f"{letter} {share:.0%}"
                axes.text(
                    left + share / 2, row, text, ha="center", va="center", color=colour, fontsize=8
                )
            left += share
    titles = [METHODS[name].title if name in METHODS else name for name in sweeps]
    axes.set_yticks(range(len(sweeps)), [title.split(",")[0] for title in titles])
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.set_xlabel("share of all runs of the grid")


def legend(figure: Any) -> None:
    """The letters and colours of the outcomes, and where the model comes from."""
    handles = [Patch(color=COLOURS[letter]) for letter in COLOURS]
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
    figure.savefig(path, dpi=80)
    plt.close(figure)
    return path
