"""The figure of what success hangs on: λ, and every condition that was tried beside it."""

from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from experiments.dissecting.theory import panels as theory_panels
from experiments.dissecting.theory import statistics as theory_statistics
from experiments.dissecting.theory.config import METHODS

Results = dict[str, dict[str, Any]]
CONDITIONS = {
    "phase-1000": "λ = √d, the base case",
    "lambda-1.0": "λ = 1",
    "loss-non-saturating": "non-saturating loss",
    "linear-4.0": "cubic linear beyond 4",
    "linear-8.0": "cubic linear beyond 8",
    "gamma-0.0": "γ = 0",
    "gamma-0.6": "γ = .6",
    "batch-10": "batches of 10",
    "batch-100": "batches of 100",
    "sparse-sparse": "sparse z, batches of 50",
    "long-100000": "100,000 steps",
    "precision-float32": "float32",
}


def draw(results: Results, path: Path) -> Path:
    """Success against λ; the best cell of each condition; the outcomes of each."""
    figure = plt.figure(figsize=(17, 13), layout="constrained")
    panels = figure.subplot_mosaic(
        [["scale", "best"], ["sgda", "nsgda"]], width_ratios=[1, 1], height_ratios=[1, 1]
    )
    present = {text: results[name] for name, text in CONDITIONS.items() if name in results}
    against_scale(panels["scale"], results)
    best_cells(panels["best"], present)
    for name, title in (("sgda", "SGDA"), ("nsgda", "nSGDA, global norm")):
        sweeps = {text: result["methods"][name] for text, result in present.items()}
        theory_panels.bars(panels[name], sweeps)
        # What is after a comma in a method's title may go; in a condition's it may not.
        panels[name].set_yticks(range(len(sweeps)), list(sweeps))
        panels[name].set_title(f"{title}: outcomes of all runs", fontsize=13)
    figure.suptitle(
        "What finding both modes hangs on (d = 1,000, saturating loss and exact expectations "
        "where not said otherwise)",
        fontsize=15,
    )
    theory_panels.legend(figure)
    return theory_panels.save(figure, path)


def against_scale(axes: Axes, results: Results) -> None:
    """The best cell and the whole grid against λ, for both methods."""
    series = {
        result["setting"]["scale"]: result
        for name, result in results.items()
        if name.startswith("lambda-")
    }
    if "phase-1000" in results:
        series[1000**0.5] = results["phase-1000"]
    scales = sorted(series)
    places = range(len(scales))
    for method, colour in theory_panels.PAIR.items():
        found = [series[scale]["methods"][method] for scale in scales]
        best = [theory_statistics.held_out(sweep).share for sweep in found]
        grid = [theory_statistics.whole_grid(sweep).value for sweep in found]
        title = METHODS[method].title.split(",")[0]
        shift = -0.06 if method == "sgda" else 0.06
        errorbars(axes, [place + shift for place in places], best, colour, f"{title}, best cell")
        axes.plot(places, grid, "--", color=colour, marker=".", label=f"{title}, whole grid")
    labels = ["√d" if scale == 1000**0.5 else f"{scale:g}" for scale in scales]
    axes.set_xticks(places, labels)
    axes.set_xlabel("λ, weight of the discriminator's bias")
    axes.set_ylabel("share with both modes")
    axes.set_ylim(-0.03, 1.03)
    axes.set_title("Success against λ (cell chosen on half of the seeds, shown on the other)")
    axes.legend()


def errorbars(
    axes: Axes, places: Any, shares: list[theory_statistics.Share], colour: str, label: str
) -> None:
    """Shares with their intervals, joined."""
    values = [share.value for share in shares]
    below = [share.value - share.low for share in shares]
    above = [share.high - share.value for share in shares]
    axes.errorbar(places, values, [below, above], color=colour, marker="o", capsize=3, label=label)


def best_cells(axes: Axes, present: dict[str, dict[str, Any]]) -> None:
    """The best cell of each condition, with its interval."""
    for method, colour in theory_panels.PAIR.items():
        shift = -0.13 if method == "sgda" else 0.13
        for row, result in enumerate(present.values()):
            share = theory_statistics.held_out(result["methods"][method]).share
            label = METHODS[method].title.split(",")[0] if row == 0 else None
            spread = [[share.value - share.low], [share.high - share.value]]
            axes.errorbar(
                share.value,
                row + shift,
                xerr=spread,
                color=colour,
                marker="o",
                capsize=3,
                label=label,
            )
    axes.set_yticks(range(len(present)), list(present))
    axes.invert_yaxis()
    axes.set_xlim(-0.03, 1.03)
    axes.set_xlabel("share of held-out seeds with both modes, best cell")
    axes.set_title("The best cell under other conditions")
    axes.legend()
    axes.grid(axis="x", alpha=0.3)
