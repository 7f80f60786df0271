"""Heat maps of the grafting grid."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from experiments._shared.figures import plt, save
from experiments.dissecting.graft_grid.table import Score, recorded_scores, values

NAMES = {"gaussians": "Eight Gaussians", "mnist": "MNIST"}
"""Titles of data sets."""


def draw(result: dict[str, Any], path: Path) -> None:
    """Draws one panel per score: magnitudes in rows, directions in columns."""
    scores, config = recorded_scores(result), result["config"]
    columns = max(1, len(scores))
    figure, panels = plt.subplots(
        1, columns, squeeze=False, layout="constrained", figsize=(5.6 * columns, 5)
    )
    for panel, (name, score) in zip(panels[0], scores.items(), strict=False):
        image = heat_map(panel, means(result, name), score)
        rules = config["rules"]
        panel.set_xticks(range(len(rules)), rules, fontsize=8)
        panel.set_yticks(range(len(rules)), rules, fontsize=8)
        panel.set(xlabel="direction", ylabel="magnitude", title=score.title)
        figure.colorbar(image, ax=panel, shrink=0.8)
    name = NAMES.get(config["data"], config["data"])
    title = (
        f"{name}, {config['steps']:,} updates, mean over {config['seeds']} seeds at tuned learning "
        "rates"
    )
    figure.suptitle(f"{title}; gray: not run, or a run diverged", fontsize=10)
    save(figure, path, dpi=110)


def means(result: dict[str, Any], name: str) -> np.ndarray:
    """Returns the mean score of each pair, NaN if a run diverged or is missing."""
    rules = list(result["config"]["rules"])
    grid = np.full((len(rules), len(rules)), np.nan)
    for found in result["pairs"]:
        scores = values(found, name)
        if None not in scores:
            cell = rules.index(found["magnitude"]), rules.index(found["direction"])
            grid[cell] = np.mean([value for value in scores if value is not None])
    return grid


def heat_map(panel: Axes, grid: np.ndarray, score: Score) -> Any:
    """Draws one score with its values; returns the image."""
    # Distances are unbounded: a single failed pair would give all others the same color.
    better = score.higher_is_better
    low, high = np.nanmin(grid), np.nanmax(grid) if better else np.nanquantile(grid, 0.95)
    image = panel.imshow(grid, cmap="viridis" if better else "viridis_r", vmin=low, vmax=high)
    middle = (low + high) / 2
    for (row, column), value in np.ndenumerate(grid):
        if np.isfinite(value):
            dark = (value < middle) == better
            color = "white" if dark else "black"
            text = f"{value:.{score.digits}f}"
            panel.text(column, row, text, ha="center", va="center", color=color, fontsize=9)
    panel.set_facecolor("0.85")
    return image
