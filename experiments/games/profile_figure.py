"""The figure of the performance profile: a panel for each tolerance."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from experiments.games import profile
from experiments.games.families import family_colours, plt, save

FURTHEST = 256.0


def draw(result: dict[str, Any], path: Path) -> None:
    """Draws the results in the JSON, and nothing that is not there."""
    config = result["config"]
    tolerances = config["tolerances"]
    figure, axes = plt.subplots(
        1, len(tolerances), figsize=(8.2 * len(tolerances), 7.6), squeeze=False,
        layout="constrained",
    )  # fmt: skip
    for index, (axis, tolerance) in enumerate(zip(axes[0], tolerances, strict=True)):
        panel(axis, result, index)
        axis.set_title(f"to {tolerance:g} of the start's distance, and staying there", fontsize=14)
    axes[0, 0].set_ylabel("share of problems (game × start) solved", fontsize=13)
    figure.supxlabel(
        "oracle calls (field + jvp + vjp), as a multiple of the best method's", fontsize=13
    )
    games = len(profile.solved_games(result))
    figure.suptitle(
        f"Performance profile: {games} games × {config['seeds']} starts, "
        f"{config['rates']} learning rates from {config['lowest']:g} to {config['highest']:g}, "
        f"{config['budget']} calls a run",
        fontsize=16,
    )
    save(figure, path)


def panel(axes: Axes, result: dict[str, Any], index: int) -> None:
    """One tolerance; the legend in the order of the lines' ends."""
    found, styles = profile.ratios(result, index), family_colours(result)
    factors = np.geomspace(1, FURTHEST, 400)
    for name in profile.ranked(result, index):
        colour, dash = styles[name]
        share = np.isfinite(found[name]).mean()
        axes.plot(
            factors, profile.share_within(found[name], factors), color=colour, ls=dash, lw=2.2,
            label=f"{name}  {share:.0%}",
        )  # fmt: skip
    axes.set_xscale("log", base=2)
    axes.set(xlim=(1, FURTHEST), ylim=(-0.01, 1.01))
    ticks = [2**power for power in range(9)]
    axes.set_xticks(ticks, [str(tick) for tick in ticks])
    axes.grid(color="0.92")
    axes.legend(
        loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False, fontsize=11,
        handlelength=3.2, title="solved at all", title_fontsize=11,
    )  # fmt: skip
