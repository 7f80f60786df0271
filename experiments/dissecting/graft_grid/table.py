"""Table of the grafting grid, and the scores that it shows."""

from typing import Any, NamedTuple

from experiments._shared.means import format_mean


class Score(NamedTuple):
    """Presentation of a score.

    Attributes:
      title: Heading.
      digits: Digits after the decimal point.
      higher_is_better: Direction of the score.
    """

    title: str
    digits: int
    higher_is_better: bool


SCORES = {
    "gaussians": {
        "modes_covered": Score("modes covered, of 8", 1, True),
        "high_quality_share": Score("share of samples at modes", 2, True),
    },
    "images": {
        "frechet_distance": Score("Fréchet distance", 1, False),
        "classes_covered": Score("classes", 1, True),
    },
}
"""Scores by problem and name."""


def values(found: dict[str, Any], name: str) -> list[float | None]:
    """Returns one score of each final run of a pair, None for diverged runs."""
    return [run["scores"].get(name) for run in found["final"]]


def recorded_scores(result: dict[str, Any]) -> dict[str, Score]:
    """Returns the scores that the runs have, by name."""
    runs = [run for found in result["pairs"] for run in found["final"]]
    return {
        name: score
        for name, score in SCORES[result["config"]["problem"]].items()
        if any(name in run["scores"] for run in runs)
    }


def format_table(result: dict[str, Any]) -> str:
    """Returns a Markdown table with one row per pair."""
    config, scores = result["config"], recorded_scores(result)
    titles = " | ".join(score.title for score in scores.values())
    lines = [
        f"{config['steps']} updates, mean over seeds 0 to {config['seeds'] - 1} with Student's "
        "95 % intervals:",
        "",
        f"| magnitude | direction | learning rates (min, max) | at grid edge | {titles} |",
        "|---|---|---|---|" + "---|" * len(scores),
    ]
    for found in result["pairs"]:
        cells = [format_mean(values(found, name), score.digits) for name, score in scores.items()]
        low, high = found["best"]
        lines.append(
            f"| {found['magnitude']} | {found['direction']} | {low:g}, {high:g} "
            f"| {edge(found)} | {' | '.join(cells)} |"
        )
    return "\n".join(lines)


def edge(found: dict[str, Any]) -> str:
    """Names the players whose chosen learning rate is at an edge of the grid."""
    ends = []
    for index, side in enumerate(("min", "max")):
        rates = [cell["rates"][index] for cell in found["tuning"]]
        if found["best"][index] in (min(rates), max(rates)):
            ends.append(side)
    return " and ".join(ends) or "no"
