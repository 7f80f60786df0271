"""The figures of `images`: tuning grids, final scores, samples of the same latents side by side."""

from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib import patches
from matplotlib.colors import LogNorm

from experiments._shared.intervals import mean_interval
from experiments.dissecting.images.methods import METHODS
from experiments.dissecting.images.table import COLUMNS, names, order, scores


def draw(result: dict[str, Any], folder: Path) -> list[Path]:
    """Draws everything from the JSON and the samples beside it; returns the pictures."""
    size = result["config"]["size"]
    figures = {"tuning": tuning(result), "scores": final(result)}
    if any((folder / f"{size}-{method}.png").exists() for method in result["methods"]):
        figures["samples"] = samples(result, folder)
    paths = []
    for name, figure in figures.items():
        paths.append(folder / f"{size}-{name}.png")
        figure.savefig(paths[-1], dpi=110)
        plt.close(figure)
    return paths


def tuning(result: dict[str, Any]) -> Any:
    """A heat map a method, one scale of colours for all; the chosen cell is framed."""
    methods, config = list(result["methods"]), result["config"]
    columns = min(4, len(methods))
    rows = -(-len(methods) // columns)
    figure, panels = plt.subplots(rows, columns, figsize=(3.7 * columns + 1, 3.7 * rows + 0.6),
                                  squeeze=False, layout="constrained")  # fmt: skip
    values = [v for m in methods for c in result["methods"][m]["tuning"] for v in c["distances"]]
    known = [value for value in values if value is not None] or [1.0]
    norm = LogNorm(min(known), max(max(known), 1.01 * min(known)))
    for panel, method in zip(panels.flat, methods, strict=False):
        image = heat_map(panel, result["methods"][method]["tuning"], norm)
        panel.set_title(METHODS[method].title)
    for panel in list(panels.flat)[len(methods) :]:
        panel.set_axis_off()
    figure.colorbar(image, ax=panels, label="Fréchet distance, seed of the grid", shrink=0.6)
    figure.suptitle(f"Tuning after {config['tune_steps']} updates: {config['data']}, "
                    f"{config['network']}, {config['loss']} loss. Grey: diverged")  # fmt: skip
    return figure


def heat_map(panel: Any, cells: list[dict[str, Any]], norm: LogNorm) -> Any:
    sides = [sorted({cell["rates"][i] for cell in cells}) for i in (0, 1)]
    grid = np.full((len(sides[0]), len(sides[1])), np.nan)
    for cell in cells:
        row, column = (side.index(rate) for side, rate in zip(sides, cell["rates"], strict=True))
        value = cell["distances"][0]
        grid[row, column] = np.nan if value is None else value
        dark = value is not None and norm(value) > 0.55
        panel.text(column, row, "-" if value is None else f"{value:.0f}", ha="center", va="center",
                   color="white" if dark else "black", fontsize=8)  # fmt: skip
        if cell["chosen"]:
            panel.add_patch(patches.Rectangle((column - 0.48, row - 0.48), 0.96, 0.96, fill=False,
                                          edgecolor="red", linewidth=2))  # fmt: skip
    panel.set_facecolor("0.8")
    image = panel.imshow(grid, norm=norm, cmap="viridis_r", origin="lower", aspect="auto")
    panel.set_xticks(range(len(sides[1])), [f"{rate:g}" for rate in sides[1]], fontsize=7)
    panel.set_yticks(range(len(sides[0])), [f"{rate:g}" for rate in sides[0]], fontsize=7)
    panel.set(xlabel="max rate (discriminator)", ylabel="min rate (generator)")
    return image


def final(result: dict[str, Any]) -> Any:
    """A panel a score: each seed a point, the mean and its interval."""
    found, methods = names(result), order(result)
    figure, panels = plt.subplots(1, max(1, len(found)), squeeze=False, sharey=True,
                                  figsize=(2 + 2.7 * max(1, len(found)), 1.4 + 0.45 * len(methods)),
                                  layout="constrained")  # fmt: skip
    for panel, name in zip(panels[0], found, strict=False):
        for row, method in enumerate(methods):
            values = [v for v in scores(result, method, name) if v is not None]
            panel.plot(values, [row] * len(values), "o", color="tab:blue", alpha=0.5, markersize=4)
            if len(values) > 1:
                mean, low, high = mean_interval(values)
                ends = [[mean - low], [high - mean]]
                panel.errorbar(mean, row, xerr=ends, fmt="|", color="black", capsize=3)
        panel.set_title(COLUMNS[name][0], fontsize=10)
        panel.grid(axis="x", alpha=0.3)
    panels[0][0].set_yticks(range(len(methods)), [METHODS[m].title for m in methods])
    panels[0][0].set_ylim(len(methods) - 0.5, -0.5)
    config = result["config"]
    title = f"After {config['steps']} updates, seeds 0 to {config['seeds'] - 1}"
    figure.suptitle(f"{title}; bars: 95 % intervals of the mean", fontsize=10)
    return figure


def samples(result: dict[str, Any], folder: Path) -> Any:
    """The samples of seed 0 of every method, from the same latents."""
    size, methods = result["config"]["size"], order(result)
    shown = [m for m in methods if (folder / f"{size}-{m}.png").exists()]
    columns = min(2, len(shown))
    rows = -(-len(shown) // columns)
    figure, panels = plt.subplots(rows, columns, figsize=(6.2 * columns, 2.8 * rows),
                                  squeeze=False, layout="constrained")  # fmt: skip
    for panel, method in zip(panels.flat, shown, strict=False):
        panel.imshow(plt.imread(folder / f"{size}-{method}.png"), cmap="gray")
        value = scores(result, method, "frechet_distance")[0]
        text = "diverged" if value is None else f"Fréchet distance {value:.1f}"
        panel.set_title(f"{METHODS[method].title}, seed 0: {text}", fontsize=10)
    for panel in panels.flat:
        panel.set_axis_off()
    return figure
