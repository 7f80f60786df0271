"""Figure of the performance profile."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from experiments._shared.figures import plt, save
from experiments.games import profile
from experiments.games.families import family_colors

FURTHEST = 256.0


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
    figure.supxlabel("oracle calls (field + JVP + VJP), relative to the best method", fontsize=13)
    games = len(profile.solved_games(result))
    figure.suptitle(
        f"Performance profile: {games} games × {config['seeds']} starts, "
        f"{config['rates']} learning rates from {config['lowest']:g} to {config['highest']:g}, "
        f"{config['budget']} calls per run",
        fontsize=16,
    )
    save(figure, path)


def panel(axes: Axes, result: dict[str, Any], index: int) -> None:
    """Draws one tolerance, with a legend in the order of solved problems."""
    found, styles = profile.ratios(result, index), family_colors(result)
    factors = np.geomspace(1, FURTHEST, 400)
    for name in profile.ranked(result, index):
        color, dash = styles[name]
        share = np.isfinite(found[name]).mean()
        axes.plot(
            factors,
            profile.share_within(found[name], factors),
            color=color,
            ls=dash,
            lw=2.2,
            label=f"{name}  {share:.0%}",
        )
    axes.set_xscale("log", base=2)
    axes.set(xlim=(1, FURTHEST), ylim=(-0.01, 1.01))
    ticks = [2**power for power in range(9)]
    axes.set_xticks(ticks, [str(tick) for tick in ticks])
    axes.grid(color="0.92")
    axes.legend(
        loc="center left",
        bbox_to_anchor=(1.01, 0.5),
        frameon=False,
        fontsize=11,
        handlelength=3.2,
        title="solved at all",
        title_fontsize=11,
    )
