"""Tables of runs by the number of modes reached, and of the tuning."""

from typing import Any

import numpy as np

from experiments._shared.proportions import proportion
from experiments.greedy.gaussians.game import MIN_SHARE, RADII
from experiments.greedy.gaussians.methods import METHODS

TITLES = {
    "published": "Published learning rates, authors' mixture",
    "tuned": "Tuned learning rates, authors' mixture",
    "equal": "Tuned learning rates, equal weights",
}
"""Titles of the groups."""


def modes(found: list[dict[str, Any]], radius: int, evaluation: int = -1) -> np.ndarray:
    """Counts the modes that each run reaches at one evaluation.

    Args:
      found: Runs.
      radius: Index in `RADII`.
      evaluation: Index of the evaluation.
    """
    shares = np.asarray([one["shares"][evaluation] for one in found])
    return (shares[:, radius] >= MIN_SHARE).sum(-1)


def by_eye(found: list[dict[str, Any]], min_share: float = MIN_SHARE) -> np.ndarray:
    """Counts the modes that each run reaches at the end within 0.3, nearer to an eye's judgment."""
    return np.asarray([sum(share >= min_share for share in one["by_eye"]) for one in found])


def format_tables(result: dict[str, Any]) -> str:
    """Returns all Markdown tables."""
    tables = [group_table(TITLES[name], found) for name, found in result["groups"].items()]
    return "\n\n".join([*tables, tuning_table(result["tuning"])] if result["tuning"] else tables)


def group_table(title: str, found: dict[str, list[dict[str, Any]]]) -> str:
    """Formats one group: percentage of runs with 0 to 4 modes, for three radii."""
    counts = "0/1/2/3/4"
    lines = [
        f"{title}:",
        "",
        f"| method | learning rates (min, max) | seeds | {counts} modes, % | all four | "
        f"{counts} within 3σ, % | {counts} within 0.3, % | samples at modes | accepted |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, runs in found.items():
        near, close = (modes(runs, radius) for radius in range(len(RADII)))
        wide = by_eye(runs)
        at_modes = np.median([sum(one["shares"][-1][0]) for one in runs])
        rates = ", ".join(f"{rate:g}" for rate in runs[0]["rates"])
        accepted = [one["acceptance_rate"] for one in runs if "acceptance_rate" in one]
        accept = f"{np.mean(accepted):.0%}" if accepted else ""
        lines.append(
            f"| {METHODS[name].title} | {rates} | {len(runs)} | {percentages(near)} "
            f"| {proportion(int((near == 4).sum()), len(runs))} | {percentages(close)} "
            f"| {percentages(wide)} | {at_modes:.0%} | {accept} |"
        )
    return "\n".join(lines)


def percentages(counts: np.ndarray) -> str:
    """Formats the percentage of runs with 0, 1, 2, 3 and 4 modes."""
    return " / ".join(f"{100 * np.mean(counts == n):.0f}" for n in range(5))


def tuning_table(found: dict[str, list[dict[str, Any]]]) -> str:
    """Formats the scores of all tuning cells, with the chosen cell in bold."""
    lines = [
        "Tuning: covered share of the mixture (mean of the radii 0.1 and 0.3) with the first seed "
        "→ mean over all seeds, for the best three cells. Cells: learning rates (min, max).",
        "",
        "| method | nine cells |",
        "|---|---|",
    ]
    for name, cells in found.items():
        seeds = max(len(cell["scores"]) for cell in cells)
        means = {
            tuple(cell["rates"]): float(np.mean(cell["scores"]))
            for cell in cells
            if len(cell["scores"]) == seeds
        }
        texts = []
        for cell in cells:
            rates, text = tuple(cell["rates"]), f"{cell['scores'][0]:.2f}"
            if rates in means and seeds > 1:
                text += f" → {means[rates]:.2f}"
            if means.get(rates) == max(means.values()):
                text = f"**{text}**"
            texts.append(f"({rates[0]:g}, {rates[1]:g}) {text}")
        lines.append(f"| {METHODS[name].title} | {'; '.join(texts)} |")
    return "\n".join(lines)
