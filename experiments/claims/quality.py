"""Scores of the generators along the runs whose gradient norms are measured."""

from typing import Any

import numpy as np

from experiments._shared.means import format_mean
from experiments._shared.proportions import proportion
from experiments.claims.row import result
from experiments.one_sided.norms import quality

DIGITS = {
    "modes_covered": 1,
    "high_quality_share": 2,
    "frechet_distance": 0,
    "classes_covered": 1,
    "data_distance": 2,
}
"""Digits after the decimal point, by score."""


def recorded(preset: str) -> dict[str, Any]:
    """Returns the record of the norms of a preset, which has the scores of every run."""
    return result(f"one_sided/norms/{preset}")


def scores(preset: str, run: str) -> dict[str, Any]:
    """Returns the recorded scores along a run."""
    return recorded(preset)["runs"][run]["quality"]


def main_score(preset: str, run: str) -> str:
    """Returns the name of the score that figures show."""
    return quality.main_score(scores(preset, run))


def at_end(found: dict[str, Any], name: str) -> str:
    """Formats one score at the end of a run, over seeds."""
    most = found.get(quality.TOTALS.get(name, ""), 1 if name.endswith("share") else np.inf)
    return format_mean(quality.last(found, name), DIGITS[name], (0, most))


def num_successful(preset: str, run: str) -> tuple[int, int]:
    """Returns the number of seeds whose generator is good at the end, and the number of seeds."""
    good = quality.successes(scores(preset, run))
    return int(good[:, -1].sum()), len(good)


def successful(preset: str, run: str) -> str:
    """Formats the seeds whose generator is good at the end."""
    return str(proportion(*num_successful(preset, run)))
