"""Table of both conditions of a greedy equilibrium, by method."""

from typing import Any

import numpy as np

from experiments._shared.comparisons import format_p, holm, paired
from experiments._shared.means import format_mean
from experiments.greedy.equilibrium.run import START
from experiments.greedy.gaussians.methods import METHODS

GREEDY = "ours"
"""Method that the others are compared with."""


def title(method: str) -> str:
    """Returns the name of a method in tables and figures."""
    return "before training" if method == START else METHODS[method].title


def values(runs: list[dict[str, Any]], name: str) -> list[float]:
    """Returns a quantity of each seed."""
    return [one[name] for one in runs]


def omegas(result: dict[str, Any], runs: list[dict[str, Any]], scale: int) -> list[float]:
    """Returns ω of each seed: the share of proposals that improve the payoff by at least δ.

    An ascent that stops before its gradient is small would only raise the payoff further. Its
    proposal counts as no improvement; `unfinished` returns the share of such proposals.
    """
    delta = result["config"]["min_improvement"]
    return [
        float(
            np.mean(np.array(one["reached"][scale]) & at_least(one["improvements"][scale], delta))
        )
        for one in runs
    ]


def unfinished(runs: list[dict[str, Any]], scale: int) -> list[float]:
    """Returns, by seed, the share of proposals whose ascent did not reach its tolerance."""
    return [1 - float(np.mean(one["reached"][scale])) for one in runs]


def at_least(improvements: list[float | None], delta: float) -> np.ndarray:
    """Returns which improvements are finite and at least δ."""
    return np.array([value is not None and value >= delta for value in improvements])


def satisfied(config: dict[str, Any], one: dict[str, Any]) -> bool:
    """Returns whether a pair satisfies both conditions after its ascent.

    All ascents have ended, and no proposal improves by δ.
    """
    improvements = np.ravel(one["improvements"]).tolist()
    ended = one["reached_norm"] <= config["tolerance"] and np.all(one["reached"])
    return bool(ended and not at_least(improvements, config["min_improvement"]).any())


def accepted(runs: list[dict[str, Any]]) -> list[float]:
    """Returns, by seed, the share of proposals that the accept test of training accepts."""
    return [float(np.mean(one["accepted"])) for one in runs]


def format_table(result: dict[str, Any]) -> str:
    """Returns a Markdown table of means over seeds with 95 % Student intervals."""
    scales = result["config"]["scales"]
    head = [
        "networks",
        "share of the mixture covered",
        "‖∇_y f‖",
        "gain of D by ascent",
        "accepted by the test of training",
        *(f"ω, proposals × {scale:g} (unfinished)" for scale in scales),
    ]
    lines = [f"| {' | '.join(head)} |", "|---|" + "---:|" * (len(head) - 1)]
    for method, runs in result["methods"].items():
        cells = [
            format_mean(values(runs, "coverage"), 2, (0, 1)),
            format_mean(values(runs, "gradient_norm"), 2, (0, np.inf)),
            format_mean(values(runs, "gain"), 2),
            format_mean(accepted(runs), 2, (0, 1)),
        ]
        for index in range(len(scales)):
            open_share = np.mean(unfinished(runs, index))
            cells.append(
                f"{format_mean(omegas(result, runs, index), 2, (0, 1))} ({open_share:.0%})"
            )
        lines.append(f"| {title(method)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def comparisons(result: dict[str, Any]) -> str:
    """Returns a Markdown table of paired differences between greedy and the other methods."""
    methods = result["methods"]
    others = [m for m in methods if m not in (GREEDY, START)]
    names = {"gradient_norm": "‖∇_y f‖", "gain": "gain of D by ascent"}
    keys = [(name, other) for name in names for other in others]
    differences = [
        np.subtract(values(methods[GREEDY], name), values(methods[other], name)).tolist()
        for name, other in keys
    ]
    corrected = holm([paired(d) for d in differences])
    lines = [
        "| greedy minus | quantity | difference, paired by seed | p, Holm |",
        "|---|---|---:|---:|",
    ]
    for (name, other), difference, p in zip(keys, differences, corrected, strict=True):
        cells = [title(other), names[name], format_mean(difference, 2), format_p(p)]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
