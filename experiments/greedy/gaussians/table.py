"""The tables of `gaussians`: runs by the number of modes reached, and the tuning."""

from typing import Any

import numpy as np

from experiments._shared.proportions import share
from experiments.greedy.gaussians.game import RADII, REACHED
from experiments.greedy.gaussians.methods import METHODS

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
    """One row a method: the nine cells' scores, the means of the finalists', the best in bold."""
    lines = ["Tuning: share of the mixture that is covered (mean of radii .1 and .3), first seed; "
             "mean over all seeds of the best three. (min, max) rates:", "",
             "| method | nine cells |", "|---|---|"]  # fmt: skip
    for name, cells in found.items():
        seeds = max(len(cell["scores"]) for cell in cells)
        ends = {
            tuple(cell["rates"]): float(np.mean(cell["scores"]))
            for cell in cells
            if len(cell["scores"]) == seeds
        }
        texts = []
        for cell in cells:
            rates, text = tuple(cell["rates"]), f"{cell['scores'][0]:.2f}"
            if rates in ends and seeds > 1:
                text += f" → {ends[rates]:.2f}"
            if ends.get(rates) == max(ends.values()):
                text = f"**{text}**"
            texts.append(f"({rates[0]:g}, {rates[1]:g}) {text}")
        lines.append(f"| {METHODS[name].title} | {'; '.join(texts)} |")
    return "\n".join(lines)
