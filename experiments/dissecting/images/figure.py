"""Figures of tuning grids, final scores and samples."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import patches
from matplotlib.colors import LogNorm

from experiments._shared.figures import plot_seeds, plt, save
from experiments.dissecting.images.methods import METHODS
from experiments.dissecting.images.table import COLUMNS, names, order, scores

SHOWN_SEEDS = 3
"""Number of seeds whose samples are recorded and shown."""


def draw(result: dict[str, Any], folder: Path) -> list[Path]:
    """Draws all figures from the JSON content and the sample images in the folder.

    Returns:
      Paths of the figures.
    """
    size = result["config"]["size"]
    figures = {"tuning": tuning(result), "scores": final(result)}
    if any(samples_path(folder, size, method, 0).exists() for method in result["methods"]):
        figures["samples"] = samples(result, folder)
    paths = []
    for name, figure in figures.items():
        paths.append(folder / f"{size}-{name}.png")
        save(figure, paths[-1], dpi=110)
    return paths


def tuning(result: dict[str, Any]) -> Any:
    """Draws one heat map per method, with a common color scale; the chosen cell is framed."""
    methods, config = list(result["methods"]), result["config"]
    columns = min(4, len(methods))
    rows = -(-len(methods) // columns)
    figure, panels = plt.subplots(
        rows,
        columns,
        figsize=(3.7 * columns + 1, 3.7 * rows + 0.6),
        squeeze=False,
        layout="constrained",
    )
    values = [v for m in methods for c in result["methods"][m]["tuning"] for v in c["distances"]]
    known = [value for value in values if value is not None] or [1.0]
    norm = LogNorm(min(known), max(max(known), 1.01 * min(known)))
    for panel, method in zip(panels.flat, methods, strict=False):
        image = heat_map(panel, result["methods"][method]["tuning"], norm)
        panel.set_title(METHODS[method].title)
    for panel in list(panels.flat)[len(methods) :]:
        panel.set_axis_off()
    figure.colorbar(image, ax=panels, label="Fréchet distance, first tuning seed", shrink=0.6)
    figure.suptitle(
        f"Tuning after {config['tune_steps']} updates: {config['data']}, "
        f"{config['network']}, {config['loss']} loss. Gray: diverged"
    )
    return figure


def heat_map(panel: Any, cells: list[dict[str, Any]], norm: LogNorm) -> Any:
    """Draws the Fréchet distances of one grid; returns the image."""
    sides = [sorted({cell["rates"][i] for cell in cells}) for i in (0, 1)]
    grid = np.full((len(sides[0]), len(sides[1])), np.nan)
    for cell in cells:
        row, column = (side.index(rate) for side, rate in zip(sides, cell["rates"], strict=True))
        value = cell["distances"][0]
        grid[row, column] = np.nan if value is None else value
        dark = value is not None and norm(value) > 0.55
        panel.text(
            column,
            row,
            "-" if value is None else f"{value:.0f}",
            ha="center",
            va="center",
            color="white" if dark else "black",
            fontsize=8,
        )
        if cell["chosen"]:
            panel.add_patch(
                patches.Rectangle(
                    (column - 0.48, row - 0.48),
                    0.96,
                    0.96,
                    fill=False,
                    edgecolor="red",
                    linewidth=2,
                )
            )
    panel.set_facecolor("0.8")
    image = panel.imshow(grid, norm=norm, cmap="viridis_r", origin="lower", aspect="auto")
    panel.set_xticks(range(len(sides[1])), [f"{rate:g}" for rate in sides[1]], fontsize=7)
    panel.set_yticks(range(len(sides[0])), [f"{rate:g}" for rate in sides[0]], fontsize=7)
    panel.set(
        xlabel="learning rate of discriminator (max)", ylabel="learning rate of generator (min)"
    )
    return image


def final(result: dict[str, Any]) -> Any:
    """Draws one panel per score: a point per seed, the mean and its interval."""
    found, methods = names(result), order(result)
    figure, panels = plt.subplots(
        1,
        max(1, len(found)),
        squeeze=False,
        sharey=True,
        figsize=(2 + 2.7 * max(1, len(found)), 1.4 + 0.45 * len(methods)),
        layout="constrained",
    )
    for panel, name in zip(panels[0], found, strict=False):
        for row, method in enumerate(methods):
            plot_seeds(panel, row, scores(result, method, name))
        panel.set_title(COLUMNS[name][0], fontsize=10)
        panel.grid(axis="x", alpha=0.3)
    panels[0][0].set_yticks(range(len(methods)), [METHODS[m].title for m in methods])
    panels[0][0].set_ylim(len(methods) - 0.5, -0.5)
    config = result["config"]
    title = f"After {config['steps']} updates, seeds 0 to {config['seeds'] - 1}"
    figure.suptitle(f"{title}; points: seeds; bars: means, 95 % t intervals", fontsize=10)
    return figure


def samples_path(folder: Path, size: str, method: str, seed: int) -> Path:
    """Returns the path of the recorded samples of one final run."""
    return folder / f"{size}-{method}-s{seed}.png"


def samples(result: dict[str, Any], folder: Path) -> Any:
    """Shows one row of samples per method and one column per seed, from the same latents."""
    size, methods = result["config"]["size"], order(result)
    seeds = range(min(SHOWN_SEEDS, result["config"]["seeds"]))
    figure, panels = plt.subplots(
        len(methods),
        len(seeds),
        figsize=(4.4 * len(seeds), 2.1 * len(methods)),
        squeeze=False,
        layout="constrained",
    )
    for row, method in zip(panels, methods, strict=True):
        for seed, panel in zip(seeds, row, strict=True):
            path = samples_path(folder, size, method, seed)
            value = scores(result, method, "frechet_distance")[seed]
            if path.exists():  # Runs that diverged have no samples.
                panel.imshow(plt.imread(path), cmap="gray")
            text = "diverged" if value is None else f"distance {value:.0f}"
            panel.set_title(f"{METHODS[method].title}, seed {seed}: {text}", fontsize=10)
            panel.set_axis_off()
    return figure
