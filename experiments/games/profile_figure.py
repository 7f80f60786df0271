"""Figure of the performance profile."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from experiments._shared.figures import plt, save
from experiments.games import profile
from experiments.games.families import families

FURTHEST = 256.0

COLORS = ("tab:red", "tab:purple", "tab:brown", "tab:blue", "black")


def draw(result: dict[str, Any], path: Path) -> None:
    """Draws one panel per tolerance."""
    config = result["config"]
    tolerances = config["tolerances"]
    figure, axes = plt.subplots(
        1,
        len(tolerances),
        figsize=(8.2 * len(tolerances), 7.6),
        squeeze=False,
        layout="constrained",
    )
    for index, (axis, tolerance) in enumerate(zip(axes[0], tolerances, strict=True)):
        panel(axis, result, index)
        axis.set_title(f"stays within {tolerance:g} of the distance of the start", fontsize=14)
    axes[0, 0].set_ylabel("share of problems (game × start) solved", fontsize=13)
    games = len(profile.solved_games(result))
    figure.suptitle(
        f"Performance profile: {games} games × {config['seeds']} starts, "
        f"{config['rates']} learning rates from {config['lowest']:g} to {config['highest']:g}, "
        f"{config['budget']} calls per run",
        fontsize=16,
    )
    save(figure, path)


def highlighted(result: dict[str, Any], index: int) -> list[str]:
    """Returns the best method of each of the four best families, and `sgda` for comparison."""
    family_of = {name: family for family, names in families(result).items() for name in names}
    best: dict[str, str] = {}
    for name in profile.ranked(result, index):
        best.setdefault(family_of[name], name)
    return [*[name for name in best.values() if name != "sgda"][:4], "sgda"]


def panel(axes: Axes, result: dict[str, Any], index: int) -> None:
    """Draws one tolerance: five methods in color, the others in gray."""
    found, colors = profile.ratios(result, index), iter(COLORS)
    factors = np.geomspace(1, FURTHEST, 400)
    shown = highlighted(result, index)
    for name in profile.ranked(result, index):
        style: dict[str, Any] = {"color": "0.8", "lw": 1.2, "zorder": 1}
        if name in shown:
            share = np.isfinite(found[name]).mean()
            style = {"color": next(colors), "lw": 2.6, "label": f"{name}  {share:.0%}"}
        axes.plot(factors, profile.share_within(found[name], factors), **style)
    axes.set_xscale("log", base=2)
    axes.set_xlabel("oracle calls (field + JVP + VJP), relative to the best method", fontsize=13)
    axes.set(xlim=(1, FURTHEST), ylim=(-0.01, 1.01))
    ticks = [2**power for power in range(9)]
    axes.set_xticks(ticks, [str(tick) for tick in ticks])
    axes.grid(color="0.92")
    axes.legend(
        loc="upper center",
        bbox_to_anchor=(0.5, -0.1),
        frameon=False,
        fontsize=12,
        ncols=2,
        title="solved at all (gray: the other methods)",
        title_fontsize=12,
    )
