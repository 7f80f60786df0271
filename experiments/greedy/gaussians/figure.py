"""The figures of `gaussians`: clouds of seed 0 over time, and modes reached by all seeds."""

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Circle

from experiments.greedy.gaussians.game import CENTRES
from experiments.greedy.gaussians.methods import METHODS
from experiments.greedy.gaussians.run import EVERY
from experiments.greedy.gaussians.table import TITLES, modes


def draw(result: dict[str, Any], out: Path) -> None:
    """Draws `gaussians.png` and, for each group, `<group>.png`."""
    outcomes(result, out / "gaussians.png")
    for name, found in result["groups"].items():
        clouds(TITLES[name], found, out / f"{name}.png")


def outcomes(result: dict[str, Any], path: Path) -> None:
    """Bars: of each method's runs, how many reach 0 … 4 modes; beside it modes over time."""
    groups = result["groups"]
    figure, axes = plt.subplots(
        len(groups), 2, figsize=(14, 3.6 * len(groups)), squeeze=False, layout="constrained"
    )
    colours = plt.get_cmap("viridis")(np.linspace(0, 1, 5))
    for (name, found), (left, right) in zip(groups.items(), axes, strict=True):
        for row, (method, runs) in enumerate(found.items()):
            counts, start = modes(runs, 0), 0.0
            for n in range(5):
                part = float(np.mean(counts == n))
                left.barh(row, part, left=start, color=colours[n], label=n if not row else None)
                if part:
                    text = dict(ha="center", va="center", color="white" if n < 3 else "black")
                    left.text(start + part / 2, row, str(n), **text)
                start += part
            over_time = [modes(runs, 0, look).mean() for look in range(len(runs[0]["shares"]))]
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
        "draws in an update: a mode is reached by 5 % of samples within 0.1"
    )
    figure.savefig(path, dpi=100)
    plt.close(figure)


def clouds(title: str, found: dict[str, list[dict[str, Any]]], path: Path) -> None:
    """One row a method, one column a time; circles of radius 0.1 at the modes."""
    times = len(next(iter(found.values()))[0]["clouds"])
    figure, axes = plt.subplots(
        len(found), times, figsize=(2.4 * times, 2.4 * len(found)), sharex=True, sharey=True,
        squeeze=False, layout="constrained",
    )  # fmt: skip
    for row, (method, runs) in zip(axes, found.items(), strict=True):
        for axis, (updates, cloud) in zip(row, runs[0]["clouds"].items(), strict=True):
            for centre in CENTRES:
                axis.add_patch(Circle(centre, 0.1, fill=False, color="tab:red"))
            axis.plot(*np.asarray(cloud).T, ".", ms=3, alpha=0.5)
            axis.set(xlim=(-1.8, 1.8), ylim=(-1.8, 1.8), aspect="equal")
            axis.set_title(f"{METHODS[method].title}, {updates}", fontsize=8)
    figure.suptitle(f"{title}: samples of seed {next(iter(found.values()))[0]['seed']} over time")
    figure.savefig(path, dpi=90)
    plt.close(figure)
