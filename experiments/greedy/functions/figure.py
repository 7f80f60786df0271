"""Figure of the paths of each method over each function."""

from pathlib import Path
from typing import Any

import jax
import numpy as np
from matplotlib.axes import Axes

import minmax_jax as mm
from experiments._shared.figures import plt, save

REACH = 12.0
"""Both coordinates are shown from −12 to 12."""
COLORS = {"ours": "tab:red", "GDA": "tab:blue", "OMD": "tab:orange", "extragradient": "tab:green"}
TITLES = {"ours": "greedy"}
"""Titles of methods whose key in the JSON file differs."""


def draw(result: dict[str, Any], path: Path) -> None:
    """Draws one column per function and one row per method."""
    functions = result["functions"]
    rows = list(next(iter(functions.values())))
    figure, axes = plt.subplots(
        len(rows),
        len(functions),
        figsize=(3.7 * len(functions), 3.4 * len(rows)),
        sharex=True,
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    for column, (name, found) in enumerate(functions.items()):
        for row, method in enumerate(rows):
            panel(axes[row, column], name, method, found[method])
    for axis in axes[-1]:
        axis.set_xlabel("x (minimizes)")
    for axis in axes[:, 0]:
        axis.set_ylabel("y (maximizes)")
    config = result["config"]
    figure.suptitle(
        f"From (5.5, 5.5), learning rate {config['learning_rate']:g}. Greedy: {config['seeds']} "
        "seeds, lines join accepted\npoints, crosses mark ends. Other methods: one run each."
    )
    save(figure, path)


def panel(axis: Axes, name: str, method: str, found: dict[str, Any]) -> None:
    """Draws the levels of a function and the paths of a method."""
    draw_levels(axis, name)
    for track in found["paths"]:
        points = np.asarray(track)
        axis.plot(points[:, 0], points[:, 1], color=COLORS[method], lw=0.8, alpha=0.6)
        axis.plot(*points[-1], "x", color=COLORS[method], ms=7, mew=2)
    axis.plot(5.5, 5.5, "o", color="black", ms=5)
    if name != "F2":
        axis.plot(0, 0, "*", color="gold", ms=11, mec="black", zorder=5)
    axis.set_xlim(-REACH, REACH)
    axis.set_ylim(-REACH, REACH)
    if "status" in found:
        kinds = sorted(set(found["status"]))
        text = ", ".join(f"{k.lower().replace('_', ' ')} {found['status'].count(k)}" for k in kinds)
    else:
        text = found["outcome"]
    axis.set_title(f"{name}, {TITLES.get(method, method)}: {text}", fontsize=9)


def draw_levels(axis: Axes, name: str) -> None:
    """Draws the levels of a function."""
    side = np.linspace(-REACH, REACH, 121)
    x, y = np.meshgrid(side, side)
    payoff_fn = mm.games.keswani(name).payoff_fn
    if payoff_fn is None:
        return
    value = np.asarray(jax.vmap(jax.vmap(payoff_fn))(mm.Players(x, y)))
    # Signed square roots show small levels near the saddle and large ones at the corners.
    axis.contourf(x, y, np.sign(value) * np.sqrt(np.abs(value)), 24, cmap="Greys_r", alpha=0.6)
