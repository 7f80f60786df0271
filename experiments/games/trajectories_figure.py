"""Figure of trajectories in the plane."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from experiments._shared.figures import plt, save
from experiments.games.families import families

COLORS = ("tab:blue", "tab:orange", "tab:green", "tab:red", "tab:purple")
"""Colors of the methods in a row. A larger family has several rows."""


def draw(result: dict[str, Any], path: Path) -> None:
    """Draws one column per game in the plane, and one or two rows per family of methods."""
    games = {name: game for name, game in result["games"].items() if game["plane"]}
    rows = rows_of(result)
    shape = (len(rows), len(games))
    figure, axes = plt.subplots(
        *shape,
        figsize=(2.55 * shape[1] + 2.2, 2.5 * shape[0] + 1.2),
        squeeze=False,
        layout="constrained",
    )
    for row, (family, names) in enumerate(rows):
        for column, (game, seen) in enumerate(games.items()):
            panel(axes[row, column], seen, {name: result["methods"][name][game] for name in names})
        axes[row, 0].set_ylabel(family, fontsize=15)
        add_legend(axes[row, -1], names)
    for column, (game, seen) in enumerate(games.items()):
        solution = "" if seen["solved"] else "\nno min-max point"
        axes[0, column].set_title(game + solution, fontsize=14)
    updates = (
        max(len(result["methods"][m][g]["trail"]) for m in result["methods"] for g in games) - 1
    )
    figure.suptitle(
        f"First {updates} updates of every method from the same start (circle), seed 0; "
        "star: min-max point",
        fontsize=17,
    )
    figure.supxlabel(
        "Horizontal: x (min player); vertical: y (max player); arrows: direction of −F. Learning "
        "rate: tuned if the method solves the game, else the one nearest to 0.1.",
        fontsize=13,
        color="0.3",
    )
    save(figure, path, dpi=80)


def rows_of(result: dict[str, Any]) -> list[tuple[str, list[str]]]:
    """Returns the family and the methods of each row, at most as many as there are colors."""
    most = len(COLORS)
    return [
        (family, names[start : start + most])
        for family, names in families(result).items()
        for start in range(0, len(names), most)
    ]


def add_legend(axes: Axes, names: list[str]) -> None:
    """Adds the names of the methods beside their row."""
    axes.legend(
        [plt.Line2D([], [], color=color, lw=2.5) for _, color in zip(names, COLORS, strict=False)],
        names,
        loc="center left",
        bbox_to_anchor=(1.03, 0.5),
        frameon=False,
        fontsize=12,
    )


def panel(axes: Axes, seen: dict[str, Any], found: dict[str, Any]) -> None:
    """Draws the methods of one row on one game."""
    plane = seen["plane"]
    (x, y), reach = plane["centre"], 1.6 * plane["radius"]
    ticks, arrows = np.array(plane["ticks"]), np.array(plane["arrows"])
    across, up = np.meshgrid(ticks + x, ticks + y)
    axes.quiver(across, up, *arrows.T, color="0.82", scale=22, width=0.006, pivot="mid")
    start = None
    for measured, color in zip(found.values(), COLORS, strict=False):
        points = np.array(measured["trail"])
        axes.plot(*points.T, color=color, lw=1.3, alpha=0.9)
        axes.plot(*points[-1], ".", color=color, ms=7)
        start = points[0]
    axes.plot(*start, "o", mfc="white", mec="black", ms=7)
    if seen["solved"]:
        axes.plot(x, y, "*", color="black", ms=11, zorder=5)
    axes.set(xlim=(x - reach, x + reach), ylim=(y - reach, y + reach), xticks=[], yticks=[])
    axes.set_aspect("equal")
