"""The figure of `functions`: paths of each method over each function, and where they end."""

from pathlib import Path
from typing import Any

import jax
import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

import minmax_jax as mm

REACH = 12.0
"""The window is [−12, 12] in both coordinates."""
COLOURS = {"ours": "tab:red", "GDA": "tab:blue", "OMD": "tab:orange", "extragradient": "tab:green"}


def draw(result: dict[str, Any], path: Path) -> None:
    """One column a function, one row a method."""
    functions = result["functions"]
    rows = list(next(iter(functions.values())))
    figure, axes = plt.subplots(
        len(rows), len(functions), figsize=(3.7 * len(functions), 3.4 * len(rows)),
        sharex=True, sharey=True, squeeze=False, layout="constrained",
    )  # fmt: skip
    for column, (name, found) in enumerate(functions.items()):
        for row, method in enumerate(rows):
            panel(axes[row, column], name, method, found[method])
    for axis in axes[-1]:
        axis.set_xlabel("x (minimises)")
    for axis in axes[:, 0]:
        axis.set_ylabel("y (maximises)")
    seeds = result["config"]["seeds"]
    figure.suptitle(
        f"From (5.5, 5.5), rate {result['config']['learning_rate']:g}: ours, {seeds} seeds "
        "(lines join accepted points, crosses end them); the others, one run each"
    )
    figure.savefig(path, dpi=100)
    plt.close(figure)


def panel(axis: Axes, name: str, method: str, found: dict[str, Any]) -> None:
    """The function's levels and the paths over them."""
    side = np.linspace(-REACH, REACH, 121)
    x, y = np.meshgrid(side, side)
    payoff_fn = mm.games.keswani(name).payoff_fn
    assert payoff_fn is not None  # for the type checker
    value = np.asarray(jax.vmap(jax.vmap(payoff_fn))(mm.Players(x, y)))
    # Signed square roots: the levels near the saddle are small beside the corners.
    axis.contourf(x, y, np.sign(value) * np.sqrt(np.abs(value)), 24, cmap="Greys_r", alpha=0.6)
    for track in found["paths"]:
        points = np.asarray(track)
        axis.plot(points[:, 0], points[:, 1], color=COLOURS[method], lw=0.8, alpha=0.6)
        axis.plot(*points[-1], "x", color=COLOURS[method], ms=7, mew=2)
    axis.plot(5.5, 5.5, "o", color="black", ms=5)
    if name != "F2":
        axis.plot(0, 0, "*", color="gold", ms=11, mec="black", zorder=5)
    axis.set_xlim(-REACH, REACH)
    axis.set_ylim(-REACH, REACH)
    if method == "ours":
        kinds = sorted(set(found["status"]))
        text = ", ".join(f"{k.lower().replace('_', ' ')} {found['status'].count(k)}" for k in kinds)
    else:
        text = found["outcome"]
    axis.set_title(f"{name}, {method}: {text}", fontsize=9)
