"""Figure of success against λ and under other conditions."""

from pathlib import Path
from typing import Any

from matplotlib.axes import Axes

from experiments._shared.figures import plt
from experiments._shared.proportions import Proportion
from experiments.dissecting.theory import panels as shared
from experiments.dissecting.theory import statistics
from experiments.dissecting.theory.config import METHODS

Results = dict[str, dict[str, Any]]
CONDITIONS = {
    "phase-1000": "λ = √d, the base case",
    "lambda-1.0": "λ = 1",
    "loss-non-saturating": "non-saturating loss",
    "linear-4.0": "cubic linear beyond 4",
    "linear-8.0": "cubic linear beyond 8",
    "gamma-0.0": "γ = 0",
    "gamma-0.6": "γ = 0.6",
    "batch-10": "batches of 10",
    "batch-100": "batches of 100",
    "sparse-sparse": "sparse z, batches of 50",
    "long-100000": "100,000 steps",
    "precision-float32": "float32",
}


def draw(results: Results, path: Path) -> Path:
    """Draws success against λ, the best cell of each condition, and all outcomes."""
    figure = plt.figure(figsize=(17, 13), layout="constrained")
    panels = figure.subplot_mosaic(
        [["scale", "best"], ["sgda", "nsgda"]], width_ratios=[1, 1], height_ratios=[1, 1]
    )
    present = {text: results[name] for name, text in CONDITIONS.items() if name in results}
    against_scale(panels["scale"], results)
    best_cells(panels["best"], present)
    for name, title in (("sgda", "SGDA"), ("nsgda", "nSGDA, global norm")):
        sweeps = {text: result["methods"][name] for text, result in present.items()}
        shared.bars(panels[name], sweeps)
        # `bars` drops the part of a label after a comma, which conditions need.
        panels[name].set_yticks(range(len(sweeps)), list(sweeps))
        panels[name].set_title(f"{title}: outcomes of all runs", fontsize=13)
    figure.suptitle(
        "Success under other conditions (d = 1,000; saturating loss and exact expectations "
        "unless stated otherwise)",
        fontsize=15,
    )
    shared.legend(figure)
    return shared.save(figure, path)


def against_scale(axes: Axes, results: Results) -> None:
    """Draws the best cell and the whole grid against λ, for both methods."""
    series = {
        result["setting"]["scale"]: result
        for name, result in results.items()
        if name.startswith("lambda-")
    }
    if "phase-1000" in results:
        series[1000**0.5] = results["phase-1000"]
    scales = sorted(series)
    places = range(len(scales))
    for method, color in shared.PAIR.items():
        found = [series[scale]["methods"][method] for scale in scales]
        best = [statistics.held_out(sweep).share for sweep in found]
        grid = [statistics.whole_grid(sweep).value for sweep in found]
        title = METHODS[method].title.split(",")[0]
        shift = -0.06 if method == "sgda" else 0.06
        errorbars(axes, [place + shift for place in places], best, color, f"{title}, best cell")
        axes.plot(places, grid, "--", color=color, marker=".", label=f"{title}, whole grid")
    labels = ["√d" if scale == 1000**0.5 else f"{scale:g}" for scale in scales]
    axes.set_xticks(places, labels)
    axes.set_xlabel("λ, weight of the discriminator's bias")
    axes.set_ylabel("proportion of seeds with both modes")
    axes.set_ylim(-0.03, 1.03)
    axes.set_title("Success against λ (best cell chosen on half of the seeds, shown on the others)")
    axes.legend(loc="center", bbox_to_anchor=(0.78, 0.6), fontsize=9)


def errorbars(axes: Axes, places: Any, shares: list[Proportion], color: str, label: str) -> None:
    """Draws proportions with their intervals, joined by a line."""
    values = [share.value for share in shares]
    below = [share.value - share.low for share in shares]
    above = [share.high - share.value for share in shares]
    axes.errorbar(places, values, [below, above], color=color, marker="o", capsize=3, label=label)


def best_cells(axes: Axes, present: dict[str, dict[str, Any]]) -> None:
    """Draws the best cell of each condition, with its interval."""
    for method, color in shared.PAIR.items():
        shift = -0.13 if method == "sgda" else 0.13
        for row, result in enumerate(present.values()):
            share = statistics.held_out(result["methods"][method]).share
            label = METHODS[method].title.split(",")[0] if row == 0 else None
            spread = [[share.value - share.low], [share.high - share.value]]
            axes.errorbar(
                share.value,
                row + shift,
                xerr=spread,
                color=color,
                marker="o",
                capsize=3,
                label=label,
            )
    axes.set_yticks(range(len(present)), list(present))
    axes.invert_yaxis()
    axes.set_xlim(-0.03, 1.03)
    axes.set_xlabel("proportion of held-out seeds with both modes, best cell")
    axes.set_title("Best cell under other conditions, with 95 % Wilson intervals")
    axes.legend(loc="upper center")
    axes.grid(axis="x", alpha=0.3)
