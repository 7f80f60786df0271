"""The figures of `theory`; this file draws the phase diagrams over the dimension."""

from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt

from experiments.dissecting.theory import conditions_figure as theory_conditions
from experiments.dissecting.theory import methods_figure as theory_methods
from experiments.dissecting.theory import panels as theory_panels
from experiments.dissecting.theory.config import METHODS

Results = dict[str, dict[str, Any]]


def draw(results: Results, folder: Path) -> list[Path]:
    """Draws what the results hold, and returns the pictures."""
    pictures = []
    if any(name.startswith("phase-") for name in results):
        pictures.append(phase_diagrams(results, folder / "phase.png"))
    if {"phase-1000", "lambda-1.0"} <= set(results):
        pictures.append(theory_conditions.draw(results, folder / "conditions.png"))
    if {"phase-100", "methods-100", "paths-100"} <= set(results):
        pictures.append(theory_methods.draw(results, folder / "methods.png"))
    return pictures


def phase_diagrams(results: Results, path: Path) -> Path:
    """Both methods over all pairs of rates, one column a dimension."""
    phases = {r["setting"]["dimension"]: r for k, r in results.items() if k.startswith("phase-")}
    columns = sorted(phases)
    figure = plt.figure(figsize=(4.3 * len(columns) + 1, 11.5), layout="constrained")
    panels = figure.subplots(3, len(columns), squeeze=False, height_ratios=[4, 4, 1.1])
    for column, dimension in enumerate(columns):
        result = phases[dimension]
        for row, (name, found) in enumerate(result["methods"].items()):
            title = f"{METHODS[name].title}, d = {dimension:,}"
            theory_panels.diagram(panels[row][column], title, found)
        theory_panels.bars(panels[2][column], result["methods"])
    theory_panels.colourbar(figure, list(panels[:2].flat))
    theory_panels.legend(figure)
    setting = phases[columns[0]]["setting"]
    figure.suptitle(
        "Which learning rates find both modes of the synthetic GAN?\n"
        f"λ = √d, saturating loss, exact expectations, γ = {setting['correlation']}, seeds "
        f"0–{setting['seeds'] - 1}, {setting['steps']:,} steps. "
        "In a cell: its commonest outcome",
        fontsize=15,
    )
    return theory_panels.save(figure, path)
