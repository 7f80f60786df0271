"""Scores of the generators along the runs whose gradient norms are measured."""

from typing import Any

import numpy as np

from experiments._shared.means import format_mean
from experiments._shared.proportions import proportion
from experiments.claims.row import result, table
from experiments.one_sided.norms import quality
from experiments.one_sided.norms.table import format_slope

DIGITS = {
    "modes_covered": 1,
    "high_quality_share": 2,
    "frechet_distance": 0,
    "classes_covered": 1,
    "data_distance": 2,
}
"""Digits after the decimal point, by score."""


def has_scores(preset: str) -> bool:
    """Returns whether the record of the norms has the scores of every run."""
    return all("quality" in run for run in result(f"one_sided/norms/{preset}")["runs"].values())


def scored(preset: str) -> dict[str, Any]:
    """Returns the recorded runs with scores, which some presets have in a record of their own."""
    return result(f"one_sided/{'norms' if has_scores(preset) else 'scored'}/{preset}")


def scores(preset: str, run: str) -> dict[str, Any]:
    """Returns the recorded scores along a run."""
    return scored(preset)["runs"][run]["quality"]


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


def late_share(run: dict[str, Any]) -> float:
    """Returns the share of good generators among all after a tenth of the run."""
    late = np.array(run["steps"]) >= run["steps"][-1] / 10
    return float(quality.successes(run["quality"])[:, late].mean())


def quality_table(preset: str) -> str:
    """Formats slopes and scores of the runs with scores."""
    runs = scored(preset)["runs"]
    names = [name for name in quality.SCORES if name in next(iter(runs.values()))["quality"]]
    rows = []
    for name, run in runs.items():
        slopes = ["not measured"] * 2
        if "slopes" in run:  # Scores take less time than norms, so a record can have them alone.
            slopes = [format_slope(run["slopes"]["descended"][side]) for side in ("min", "max")]
        ends = [at_end(run["quality"], score) for score in names]
        rows.append([name, *slopes, *ends, f"{late_share(run):.0%}", successful(preset, name)])
    head = " | ".join(quality.SCORES[name] for name in names)
    return table(
        f"run | G: slope | D: slope | {head} | good generators after a tenth | good at the end",
        rows,
    )


def quality_figure(preset: str, run: str) -> str:
    """Formats the success of one run."""
    found, name = scores(preset, run), main_score(preset, run)
    label = quality.SCORES[name]
    return f"{label} at the end {at_end(found, name)}, good runs {successful(preset, run)}"
