"""The figure of trajectories: a column for each game in the plane, a row for each family."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from experiments.games.families import families, plt, save

COLOURS = ("tab:blue", "tab:orange", "tab:green", "tab:red", "tab:purple", "tab:brown")


def draw(result: dict[str, Any], path: Path) -> None:
    """Draws the results in the JSON, and nothing that is not there."""
    games = {name: game for name, game in result["games"].items() if game["plane"]}
    rows = families(result)
    shape = (len(rows), len(games))
    figure, axes = plt.subplots(
        *shape, figsize=(2.55 * shape[1] + 2.2, 2.5 * shape[0] + 1.2), squeeze=False,
        layout="constrained",
    )  # fmt: skip
    for row, (family, names) in enumerate(rows.items()):
        for column, (game, seen) in enumerate(games.items()):
            panel(axes[row, column], seen, {name: result["methods"][name][game] for name in names})
        axes[row, 0].set_ylabel(family, fontsize=15)
        handles = [
            plt.Line2D([], [], color=colour, lw=2.5)
            for _, colour in zip(names, COLOURS, strict=False)
        ]
        axes[row, -1].legend(
            handles, names, loc="center left", bbox_to_anchor=(1.03, 0.5), frameon=False,
            fontsize=12,
        )  # fmt: skip
    for column, (game, seen) in enumerate(games.items()):
        solution = "" if seen["solved"] else "\nno min-max point"
        axes[0, column].set_title(game + solution, fontsize=14)
    updates = (
        max(len(result["methods"][m][g]["trail"]) for m in result["methods"] for g in games) - 1
    )
    figure.suptitle(
        f"Every method from the same start (circle), seed 0: the first {updates} updates; "
        "the min-max point is the star",
        fontsize=17,
    )
    figure.supxlabel(
        "x (min player) goes right, y (max player) goes up; arrows: direction of −F. The learning "
        "rate is the tuned one where the method solves the game, else the one nearest to 0.1.",
        fontsize=13,
        color="0.3",
    )
    save(figure, path, dpi=80)


def panel(axes: Axes, seen: dict[str, Any], found: dict[str, Any]) -> None:
    """One game, the methods of one family."""
    plane = seen["plane"]
    (x, y), reach = plane["centre"], 1.6 * plane["radius"]
    ticks, arrows = np.array(plane["ticks"]), np.array(plane["arrows"])
    across, up = np.meshgrid(ticks + x, ticks + y)
    axes.quiver(across, up, *arrows.T, color="0.82", scale=22, width=0.006, pivot="mid")
    start = None
    for measured, colour in zip(found.values(), COLOURS, strict=False):
        points = np.array(measured["trail"])
        axes.plot(*points.T, color=colour, lw=1.3, alpha=0.9)
        axes.plot(*points[-1], ".", color=colour, ms=7)
        start = points[0]
    axes.plot(*start, "o", mfc="white", mec="black", ms=7)
    if seen["solved"]:
        axes.plot(x, y, "*", color="black", ms=11, zorder=5)
    axes.set(xlim=(x - reach, x + reach), ylim=(y - reach, y + reach), xticks=[], yticks=[])
    axes.set_aspect("equal")
