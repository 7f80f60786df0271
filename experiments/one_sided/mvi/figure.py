"""The figure of `mvi`: the cosine along the run for the own end and for every control."""

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

COLOURS = {
    "own end": "black", "other seed": "tab:red", "average": "tab:green", "middle": "tab:orange",
    "random": "0.6", "mismatched": "tab:blue",
}  # fmt: skip


def draw(result: dict[str, Any], path: Path) -> None:
    """Draws the results in the JSON, and nothing that is not there."""
    runs = result["runs"]
    methods = list(dict.fromkeys(name.split(", ")[0] for name in runs))
    schedules = list(dict.fromkeys(name.split(", ")[1] for name in runs))
    shape = (len(schedules), len(methods))
    figure, axes = plt.subplots(
        *shape, figsize=(2.9 * shape[1] + 0.6, 3.1 * shape[0] + 1.3), sharex=True, sharey=True,
        squeeze=False, layout="constrained",
    )  # fmt: skip
    for i, schedule in enumerate(schedules):
        for j, method in enumerate(methods):
            panel(axes[i, j], result["times"], runs[f"{method}, {schedule}"]["descended"])
            if i == 0:
                axes[i, j].set_title(method, fontsize=12)
            if i + 1 == shape[0]:
                axes[i, j].set_xlabel("updates t")
        axes[i, 0].set_ylabel(f"max rate: {schedule}\ncosine", fontsize=11)
    handles = [plt.Line2D([], [], color=colour, lw=2) for colour in COLOURS.values()]
    labels = list(COLOURS)
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False)
    width = f", width {result['width']}" if result["width"] else ""
    figure.suptitle(
        f"{result['preset']}{width}: cosine between ∇ₓ of the loss descended at (x_t, y_t) and "
        f"x_t − x*\nby choice of x*; mean and range over {result['seeds']} seeds",
        fontsize=13,
    )
    figure.savefig(path, dpi=90)
    plt.close(figure)


def panel(axes: Axes, times: list[int], found: dict[str, Any]) -> None:
    for name, seen in found.items():
        cosines = np.array([[np.nan if v is None else v for v in row] for row in seen["cosine"]])
        colour = COLOURS[name]
        axes.plot(times, cosines.mean(axis=0), color=colour, lw=2 if name == "own end" else 1.4)
        axes.fill_between(times, cosines.min(axis=0), cosines.max(axis=0), color=colour, alpha=0.1,
                          lw=0)  # fmt: skip
    axes.axhline(0, color="0.3", lw=0.8)
    axes.grid(alpha=0.2)
