"""All figures of the experiment, and the phase diagrams over the dimension."""

from pathlib import Path
from typing import Any

from experiments._shared.figures import plt
from experiments.dissecting.theory import (
    conditions_figure,
    methods_figure,
    panels,
    scale_figure,
)
from experiments.dissecting.theory.config import METHODS

Results = dict[str, dict[str, Any]]


def draw(results: Results, folder: Path) -> list[Path]:
    """Draws the figures whose results exist; returns their paths."""
    paths = []
    if any(name.startswith("phase-") for name in results):
        paths.append(phase_diagrams(results, folder / "phase.png"))
    if any(name.startswith("lambda-") for name in results):
        paths.append(scale_figure.draw(results, folder / "scale.png"))
    for names, title, file in (
        (conditions_figure.LOSSES, "Non-saturating loss (d = 1,000, λ = √d)", "loss.png"),
        (
            conditions_figure.CONDITIONS,
            "Other conditions (d = 1,000, λ = √d; saturating loss, exact expectations, "
            "10,000 updates otherwise)",
            "conditions.png",
        ),
    ):
        if len(set(names) & set(results)) > 1:
            paths.append(conditions_figure.draw_pair(results, names, title, folder / file))
    if "betas-exact" in results:
        paths.append(conditions_figure.draw_variants(results, folder / "betas.png"))
    if {"phase-100", "methods-100", "paths-100"} <= set(results):
        paths.append(methods_figure.draw(results, folder / "methods.png"))
    return paths


def phase_diagrams(results: Results, path: Path) -> Path:
    """Draws both methods over all pairs of learning rates, one column per dimension."""
    phases = {r["setting"]["dimension"]: r for k, r in results.items() if k.startswith("phase-")}
    columns = sorted(phases)
    figure = plt.figure(figsize=(4.3 * len(columns) + 1, 11.5), layout="constrained")
    axes = figure.subplots(3, len(columns), squeeze=False, height_ratios=[4, 4, 1.1])
    for column, dimension in enumerate(columns):
        result = phases[dimension]
        for row, (name, found) in enumerate(result["methods"].items()):
            title = f"{METHODS[name].title}, d = {dimension:,}"
            panels.diagram(axes[row][column], title, found)
        panels.bars(axes[2][column], result["methods"])
    panels.colorbar(figure, list(axes[:2].flat))
    panels.legend(figure)
    setting = phases[columns[0]]["setting"]
    figure.suptitle(
        "Which learning rates find both modes of the synthetic GAN?\n"
        f"λ = √d, saturating loss, exact expectations, γ = {setting['correlation']}, seeds "
        f"0–{setting['seeds'] - 1}, {setting['steps']:,} updates. "
        "Letters: most common outcome of a cell. Frame: best cell, dashed at an edge of the grid",
        fontsize=15,
    )
    return panels.save(figure, path)
