"""Table of runs whose generator keeps both digits."""

from typing import Any

import numpy as np

from experiments._shared.proportions import proportion
from experiments.greedy.digits01.config import TITLES

MIN_SHARE = 0.1
"""A digit is present if it has at least this share of the samples."""
BY_EYE = 0.02
"""Share that is visible in a grid of 100 samples, as the authors judged: two of them."""


def both(found: list[dict[str, Any]], evaluation: int, min_share: float = MIN_SHARE) -> int:
    """Counts the runs in which both digits have a share at an evaluation."""
    return sum(min(one["shares"][evaluation][:2]) >= min_share for one in found)


def format_table(result: dict[str, Any]) -> str:
    """Returns the classifier's accuracy and a Markdown table with one row per method."""
    lines = [
        f"classifier: {result['judge_accuracy']:.2%} of test images correct",
        "| method | both digits at the end | at half the time | median share of neither | "
        "accepted |",
        "|---|---|---|---|---|",
    ]
    for name, found in result["methods"].items():
        half = len(found[0]["shares"]) // 2 - 1
        neither = np.median([one["shares"][-1][2] for one in found])
        accepted = [one["acceptance_rate"] for one in found if "acceptance_rate" in one]
        rate = f"{np.mean(accepted):.0%}" if accepted else "all"
        lines.append(
            f"| {TITLES[name]} | {proportion(both(found, -1), len(found))} "
            f"| {proportion(both(found, half), len(found))} | {neither:.0%} | {rate} |"
        )
    return "\n".join(lines)
