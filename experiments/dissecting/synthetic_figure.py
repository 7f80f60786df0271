"""The figure of `synthetic`: two phase diagrams, and what became of all runs."""

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

TITLES = {"sgda": "SGDA", "nsgda": "nSGDA, global norm"}
CLASSES = {
    "both": ("B", "both modes"),
    "one": ("S", "a single mode"),
    "average": ("A", "u₁ + u₂"),
    "noise": ("N", "noise"),
    "diverged": ("D", "diverged"),
}
# One colour map: success is its bright end, in the diagrams and in the bars.
COLOURS = dict(zip(CLASSES, plt.get_cmap("viridis")([1.0, 0.75, 0.5, 0.25, 0.0]), strict=True))


def draw(result: dict[str, Any], path: Path) -> None:
    """Draws the results in the JSON, and nothing that is not there."""
    config, methods = result["config"], result["methods"]
    figure = plt.figure(figsize=(12.5, 8.6), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.12, h_pad=0.08)
    panels = figure.subplot_mosaic(
        [list(methods), ["bars"] * len(methods)], height_ratios=[5.2, 1.3]
    )
    image = None
    for name, found in methods.items():
        image = diagram(panels[name], TITLES[name], found)
    figure.colorbar(
        image, ax=[panels[name] for name in methods], label="share of seeds with both modes"
    )
    bars(panels["bars"], methods)
    scale = "√d" if config["scale"] is None else f"{config['scale']:g}"
    figure.suptitle(
        "Which learning rates find both modes of the synthetic GAN?\n"
        f"d = {config['dimension']}, λ = {scale}, {config['loss']} loss, "
        f"seeds 0–{config['seeds'] - 1}, {config['steps']:,} steps",
        fontsize=15,
    )
    figure.supxlabel(
        "Model reconstructed from memory of arXiv 2210.04319; λ = √d chosen because it works. "
        "With λ = 1 or the non-saturating loss SGDA finds both modes too.",
        fontsize=11,
        color="0.3",
    )
    figure.savefig(path, dpi=100)
    plt.close(figure)


def diagram(axes: Axes, title: str, found: dict[str, Any]) -> Any:
    """The share of seeds with both modes per cell, with the commonest outcome's letter."""
    cells = np.array(found["outcomes"])
    shares = np.vectorize(lambda cell: cell.count("B") / len(cell))(cells)
    image = axes.imshow(shares, origin="lower", vmin=0, vmax=1, cmap="viridis", aspect="auto")
    for (row, column), cell in np.ndenumerate(cells):
        commonest = max((letter for letter, _ in CLASSES.values()), key=cell.count)
        share = shares[row, column]
        label = f"{share:.2f}".replace("0.", ".") if 0 < share < 1 else f"{share:.0f}"
        colour = "black" if share > 0.6 else "white"
        text = f"{label}\n{commonest}"
        axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=11)
    axes.set_xticks(range(cells.shape[1]), [f"{rate:.2g}" for rate in found["rates_min"]])
    axes.set_yticks(range(cells.shape[0]), [f"{rate:.2g}" for rate in found["rates_max"]])
    axes.tick_params(axis="x", rotation=30)
    axes.set_xlabel("generator's learning rate η_G", fontsize=12)
    axes.set_ylabel("discriminator's learning rate η_D", fontsize=12)
    best, grid = found["best"], found["grid"]
    low, high = best["wilson"]
    axes.set_title(
        f"{title}\nbest cell {best['share']:.2f} [{low:.2f}, {high:.2f}], grid {grid['share']:.3f}",
        fontsize=13,
    )
    return image


def bars(axes: Axes, methods: dict[str, Any]) -> None:
    """What became of all runs, one bar a method."""
    for row, found in enumerate(methods.values()):
        left = 0.0
        for outcome, (letter, _) in CLASSES.items():
            share = found["classes"][outcome] / found["grid"]["runs"]
            axes.barh(row, share, left=left, color=COLOURS[outcome], edgecolor="white")
            if share > 0.05:
                colour = "black" if outcome in ("both", "one") else "white"
                text = f"{letter}  {share:.0%}"
                axes.text(left + share / 2, row, text, ha="center", va="center", color=colour)
            left += share
    axes.set_yticks(range(len(methods)), [TITLES[name] for name in methods], fontsize=12)
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.set_xlabel("share of all runs of the grid", fontsize=12)
    handles = [plt.Rectangle((0, 0), 1, 1, color=COLOURS[name]) for name in CLASSES]
    labels = [f"{letter}: {text}" for letter, text in CLASSES.values()]
    axes.legend(
        handles,
        labels,
        ncols=5,
        loc="lower center",
        bbox_to_anchor=(0.5, 1.0),
        frameon=False,
        title="Letter in a cell: the commonest outcome of its runs",
        title_fontsize=11,
        fontsize=11,
    )
