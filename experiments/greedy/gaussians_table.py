"""The tables of `gaussians`: runs by the number of modes reached, and the tuning."""

from typing import Any

import numpy as np

from experiments.greedy.gaussians_game import RADII, REACHED
from experiments.greedy.gaussians_methods import METHODS
from experiments.greedy.shares import share

TITLES = {
    "published": "The authors' rates and mixture",
    "tuned": "Tuned rates, the authors' mixture",
    "equal": "Tuned rates, equal weights",
}


def modes(found: list[dict[str, Any]], radius: int, look: int = -1) -> np.ndarray:
    """The number of modes that each run reaches, at one look."""
    shares = np.asarray([one["shares"][look] for one in found])
    return (shares[:, radius] >= REACHED).sum(-1)


def table(result: dict[str, Any]) -> str:
    """Everything, in Markdown."""
    groups = [group(TITLES[name], found) for name, found in result["groups"].items()]
    return "\n\n".join([*groups, tuning(result["tuning"])] if result["tuning"] else groups)


def group(title: str, found: dict[str, list[dict[str, Any]]]) -> str:
    """One row a method: % of runs with 0 … 4 modes, within 0.1, within 3σ, and by eye."""
    lines = [
        f"{title}:",
        "",
        "| method | rates (min, max) | seeds | 0/1/2/3/4 modes, % | all four | "
        "0/1/2/3/4 within 3σ, % | 0/1/2/3/4 within 0.3, % | samples at modes | accepted |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, runs in found.items():
        near, close = (modes(runs, radius) for radius in range(len(RADII)))
        wide = np.asarray([sum(s >= REACHED for s in one["by_eye"]) for one in runs])
        at_modes = np.median([sum(one["shares"][-1][0]) for one in runs])
        rates = ", ".join(f"{rate:g}" for rate in runs[0]["rates"])
        accepted = [one["acceptance_rate"] for one in runs if "acceptance_rate" in one]
        accept = f"{np.mean(accepted):.0%}" if accepted else ""
        lines.append(
            f"| {METHODS[name].title} | {rates} | {len(runs)} | {percentages(near)} "
            f"| {share(int((near == 4).sum()), len(runs))} | {percentages(close)} "
            f"| {percentages(wide)} "
            f"| {at_modes:.0%} | {accept} |"
        )
    return "\n".join(lines)


def percentages(counts: np.ndarray) -> str:
    return " / ".join(f"{100 * np.mean(counts == n):.0f}" for n in range(5))


def tuning(found: dict[str, list[dict[str, Any]]]) -> str:
    """One row a method: score of each of the nine cells, the best in bold."""
    lines = ["Tuning: modes reached plus share of samples at modes, of (min, max) rates:", "",
             "| method | nine cells |", "|---|---|"]  # fmt: skip
    for name, cells in found.items():
        best = max(cell["score"] for cell in cells)
        texts = [
            f"({cell['rates'][0]:g}, {cell['rates'][1]:g}) "
            + (f"**{cell['score']:.2f}**" if cell["score"] == best else f"{cell['score']:.2f}")
            for cell in cells
        ]
        lines.append(f"| {METHODS[name].title} | {'; '.join(texts)} |")
    return "\n".join(lines)
