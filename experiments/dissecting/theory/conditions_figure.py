"""Figures that compare conditions: who succeeds, and how all runs end."""

from pathlib import Path
from typing import Any

from matplotlib.axes import Axes

from experiments._shared.figures import plt
from experiments.dissecting.theory import panels, statistics
from experiments.dissecting.theory.config import METHODS, VARIANTS

Results = dict[str, dict[str, Any]]
Sweeps = dict[str, dict[str, Any]]
CONDITIONS = {
    "phase-1000": "λ = √d, the base case",
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
LOSSES = {
    "loss-non-saturating": "8 × 8 pairs, 10,000 updates",
    "longer-non-saturating": "one pair, 1,000,000 updates",
}


def draw_pair(results: Results, names: dict[str, str], title: str, path: Path) -> Path:
    """Compares SGDA with nSGDA.

    Args:
      results: Recorded settings by name.
      names: Labels of the settings to draw, by name.
      title: Title of the figure.
      path: File of the figure.
    """
    present = {text: results[name]["methods"] for name, text in names.items() if name in results}
    methods = {
        METHODS[name].title.split(",")[0]: {text: found[name] for text, found in present.items()}
        for name in panels.PAIR
    }
    return draw(methods, list(panels.PAIR.values()), title, path)


def draw_variants(results: Results, path: Path) -> Path:
    """Compares decay rates, ε and batch sizes of Ada-nSGDA."""
    found = results["betas-exact"]["methods"]
    rows = {name.partition(", ")[2]: found[name] for name in VARIANTS if name in found}
    for size in (1, 10, 100):
        if (name := f"betas-batch-{size}") in results:
            rows[f"batches of {size}"] = next(iter(results[name]["methods"].values()))
    title = "Ada-nSGDA (d = 100; β = (0.5, 0.9), ε = 1e-8 and exact expectations otherwise)"
    return draw({"Ada-nSGDA": rows}, ["tab:blue"], title, path)


def draw(methods: dict[str, Sweeps], colors: list[str], title: str, path: Path) -> Path:
    """Draws the seeds for which some pair succeeds, and the outcomes of all runs by method."""
    rows = len(next(iter(methods.values())))
    figure, axes = plt.subplots(
        1,
        1 + len(methods),
        squeeze=False,
        layout="constrained",
        figsize=(4.5 * (1 + len(methods)) + 1.5, 2.4 + 0.42 * rows),
        sharey=True,
    )
    some_pair(axes[0][0], methods, colors)
    for panel, (name, sweeps) in zip(axes[0][1:], methods.items(), strict=True):
        panels.bars(panel, sweeps)
        panel.set_title(f"{name}: outcomes of all runs")
    # The bars shorten labels at a comma and turn the shared axis around.
    axes[0][0].set_yticks(range(rows), list(next(iter(methods.values()))))
    axes[0][0].set_ylim(rows - 0.5, -0.5)
    figure.suptitle(title)
    panels.legend(figure)
    return panels.save(figure, path)


def some_pair(axes: Axes, methods: dict[str, Sweeps], colors: list[str]) -> None:
    """Draws the share of seeds for which some pair succeeds, with its interval."""
    for index, (name, sweeps) in enumerate(methods.items()):
        shift = 0.26 * (index - (len(methods) - 1) / 2)
        for row, found in enumerate(sweeps.values()):
            share = statistics.any_cell(found)
            axes.errorbar(
                share.value,
                row + shift,
                xerr=[[share.value - share.low], [share.high - share.value]],
                color=colors[index],
                marker="o",
                capsize=3,
                label=name if row == 0 else None,
            )
    axes.set_xlim(-0.03, 1.03)
    axes.set(xlabel="share of seeds", title="seeds for which some pair succeeds, 95 %")
    if len(methods) > 1:
        axes.legend(loc="best")
    axes.grid(axis="x", alpha=0.3)
