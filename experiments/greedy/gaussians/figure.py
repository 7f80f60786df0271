"""Figures of the modes that all seeds reach, and of samples of seed 0."""

import itertools
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.patches import Circle

from experiments._shared.figures import GRAY, highlight, plt, save
from experiments.greedy.gaussians.game import CENTERS
from experiments.greedy.gaussians.methods import METHODS
from experiments.greedy.gaussians.table import TITLES, modes
from experiments.greedy.gaussians.training import EVERY

HIGHLIGHTED = ("gda_1", "gda_6", "unrolled_6", "nsgda", "ours")
"""Methods with a color in a record of more than as many; the others are gray there."""
GRAY_STYLES = ("--", ":", "-.")
"""Line styles of gray methods."""


def draw(result: dict[str, Any], out: Path) -> None:
    """Draws `gaussians.png` and, for each group, `<group>.png`."""
    outcomes(result, out / "gaussians.png")
    for name, found in result["groups"].items():
        clouds(TITLES[name], found, out / f"{name}.png")


def outcomes(result: dict[str, Any], path: Path) -> None:
    """Draws the share of runs by modes reached, and the mean number of modes over time."""
    groups = result["groups"]
    figure, axes = plt.subplots(
        len(groups), 2, figsize=(14, 3.6 * len(groups)), squeeze=False, layout="constrained"
    )
    colors = plt.get_cmap("viridis")(np.linspace(0, 1, 5))
    present = {method for found in groups.values() for method in found}
    chosen = HIGHLIGHTED if len(present) > len(HIGHLIGHTED) else present
    lines = highlight(METHODS, [method for method in METHODS if method in present & set(chosen)])
    gray = [method for method in METHODS if method in present and lines[method] == GRAY]
    styles = dict(zip(gray, itertools.cycle(GRAY_STYLES), strict=False))
    for (name, found), (left, right) in zip(groups.items(), axes, strict=True):
        for row, (method, runs) in enumerate(found.items()):
            counts, start = modes(runs, 0), 0.0
            for n in range(5):
                part = float(np.mean(counts == n))
                left.barh(row, part, left=start, color=colors[n], label=n if not row else None)
                if part:
                    text = dict(ha="center", va="center", color="white" if n < 3 else "black")
                    left.text(start + part / 2, row, str(n), **text)
                start += part
            evaluations = range(len(runs[0]["shares"]))
            over_time = [modes(runs, 0, index).mean() for index in evaluations]
            steps = EVERY * np.arange(1, len(over_time) + 1)
            order = 1 + (lines[method] != GRAY)
            ls = styles.get(method, "-")
            label = METHODS[method].title
            right.plot(steps, over_time, ls, color=lines[method], label=label, zorder=order)
        labels = [f"{METHODS[m].title} ({len(runs)} seeds)" for m, runs in found.items()]
        left.set_yticks(range(len(found)), labels)
        left.invert_yaxis()
        left.set(xlim=(0, 1), title=TITLES[name], xlabel="share of runs, by modes reached")
        right.set(ylim=(-0.1, 4.1), xlabel="updates", ylabel="modes reached, mean over seeds")
        right.legend(fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
    config = result["config"]
    figure.suptitle(
        f"Four Gaussians, {config['steps']} updates, batch {config['batch']}, {config['draws']} "
        "draws per update. A mode is reached if 5 % of the samples are within 0.1"
    )
    save(figure, path)


def clouds(title: str, found: dict[str, list[dict[str, Any]]], path: Path) -> None:
    """Draws samples with one row per method; circles have radius 0.1.

    Columns are seeds at the end if the record has samples of several seeds, otherwise times of
    seed 0.
    """
    shown = {method: columns(runs) for method, runs in found.items()}
    count = max(map(len, shown.values()))
    figure, axes = plt.subplots(
        len(found),
        count,
        figsize=(2.4 * count, 2.4 * len(found)),
        sharex=True,
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    for row, (method, panels) in zip(axes, shown.items(), strict=True):
        for axis, (label, cloud) in zip(row, panels.items(), strict=False):
            for center in CENTERS:
                axis.add_patch(Circle(center, 0.1, fill=False, color="tab:red"))
            axis.plot(*np.asarray(cloud).T, ".", ms=3, alpha=0.5)
            axis.set(xlim=(-1.8, 1.8), ylim=(-1.8, 1.8), aspect="equal")
            axis.set_title(f"{METHODS[method].title}\n{label}", fontsize=8)
    figure.suptitle(f"{title}: samples")
    save(figure, path, dpi=90)


def columns(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Returns the samples of several seeds at the end, or of seed 0 over time."""
    kept = [one for one in runs if "clouds" in one]
    if len(kept) > 1:
        return {f"seed {one['seed']}": list(one["clouds"].values())[-1] for one in kept}
    return {f"seed {kept[0]['seed']}, update {n}": c for n, c in kept[0]["clouds"].items()}
