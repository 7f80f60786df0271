"""Figures of the modes that all seeds reach, and of samples of seed 0."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.patches import Circle

from experiments._shared.figures import plt, save
from experiments.greedy.gaussians.game import CENTERS
from experiments.greedy.gaussians.methods import METHODS
from experiments.greedy.gaussians.table import TITLES, modes
from experiments.greedy.gaussians.training import EVERY


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
            right.plot(steps, over_time, label=METHODS[method].title)
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
    """Draws samples with one row per method and one column per time; circles have radius 0.1."""
    times = len(next(iter(found.values()))[0]["clouds"])
    figure, axes = plt.subplots(
        len(found),
        times,
        figsize=(2.4 * times, 2.4 * len(found)),
        sharex=True,
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    for row, (method, runs) in zip(axes, found.items(), strict=True):
        for axis, (updates, cloud) in zip(row, runs[0]["clouds"].items(), strict=True):
            for center in CENTERS:
                axis.add_patch(Circle(center, 0.1, fill=False, color="tab:red"))
            axis.plot(*np.asarray(cloud).T, ".", ms=3, alpha=0.5)
            axis.set(xlim=(-1.8, 1.8), ylim=(-1.8, 1.8), aspect="equal")
            axis.set_title(f"{METHODS[method].title}, {updates}", fontsize=8)
    figure.suptitle(
        f"{title}: samples of seed {next(iter(found.values()))[0]['seed']} after n updates"
    )
    save(figure, path, dpi=90)
