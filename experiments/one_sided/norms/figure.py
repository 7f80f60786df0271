"""The figure of `norms`: a column a run, generator and discriminator, corrected and raw."""

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

COLOURS = {"min": "tab:blue", "max": "tab:red"}
NAMES = {"min": "generator", "max": "discriminator"}


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
            panel(axes[i, j], runs[f"{method}, {schedule}"])
            if i == 0:
                axes[i, j].set_title(method, fontsize=12)
            if i + 1 == shape[0]:
                axes[i, j].set_xlabel("updates")
        axes[i, 0].set_ylabel(f"max rate: {schedule}\ngradient norm", fontsize=11)
    handles = [plt.Line2D([], [], color=c, lw=2) for c in COLOURS.values()]
    handles += [plt.Line2D([], [], color="0.4", ls=s, lw=1.6) for s in ("-", ":")]
    labels = [*NAMES.values(), "noise taken away (dots: below its standard error)", "raw"]
    figure.legend(handles, labels, loc="outside lower center", ncols=4, frameon=False)
    width = f", width {result['width']}" if result["width"] else ""
    figure.suptitle(
        f"{result['preset']}{width}: gradient of the loss that each player descends\n"
        f"{result['seeds']} seeds (thin) and their median; s: slope after a tenth of the run",
        fontsize=13,
    )
    figure.savefig(path, dpi=90)
    plt.close(figure)


def panel(axes: Axes, found: dict[str, Any]) -> None:
    steps = np.maximum(found["steps"], found["steps"][1] / 2)  # the start has a place too
    for side, colour in COLOURS.items():
        seen = found["descended"][side]
        squares, errors = (as_array(seen[part]) for part in ("corrected", "stderr"))
        for row, error in zip(squares, errors, strict=True):
            axes.plot(steps, root(np.maximum(row, error)), color=colour, lw=0.6, alpha=0.5)
            low = row < error
            axes.plot(steps[low], root(error[low]), ".", color=colour, ms=3, alpha=0.6)
        axes.plot(steps, median_norm(seen), color=colour, lw=2)
        axes.plot(
            steps, root(np.median(as_array(seen["raw"]), axis=0)), color=colour, ls=":", lw=1.5
        )
        slope = found["slopes"]["descended"][side]
        if slope["mean"] is not None:
            place = 0.11 if side == "min" else 0.03
            ends = "" if slope["low"] is None else f" [{slope['low']:.2f}, {slope['high']:.2f}]"
            axes.text(0.03, place, f"s {slope['mean']:.2f}{ends}", color=colour, fontsize=9,
                      transform=axes.transAxes)  # fmt: skip
    axes.set(xscale="log", yscale="log")
    axes.grid(alpha=0.2)


def median_norm(seen: dict[str, Any]) -> np.ndarray:
    """Over seeds: the root of the median corrected square, or of its error where that is more."""
    squares, errors = (as_array(seen[part]) for part in ("corrected", "stderr"))
    return root(np.median(np.maximum(squares, errors), axis=0))


def root(values: np.ndarray) -> np.ndarray:
    return np.sqrt(np.maximum(values, 1e-30))


def as_array(values: Any) -> np.ndarray:
    return np.array([[np.nan if v is None else v for v in row] for row in values], float)
