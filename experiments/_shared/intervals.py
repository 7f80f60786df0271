"""Intervals of a few values, one a seed."""

import math
from collections.abc import Sequence

import numpy as np
from scipy import stats


def mean_interval(
    values: Sequence[float],
    confidence: float = 0.95,
    bounds: tuple[float, float] = (-math.inf, math.inf),
) -> tuple[float, float, float]:
    """Returns the mean and both ends of Student's interval; of a single value, the bounds.

    `bounds` are those of the mean itself, [−1, 1] of a cosine: the interval ends there, which
    takes nothing from its coverage.
    """
    data = np.asarray(values, float)
    mean = float(data.mean())
    if len(data) < 2:
        return mean, *bounds
    half = stats.t.ppf((1 + confidence) / 2, len(data) - 1) * data.std(ddof=1) / len(data) ** 0.5
    return mean, max(mean - float(half), bounds[0]), min(mean + float(half), bounds[1])


def written(values: Sequence[float | None], digits: int = 1) -> str:
    """`mean [low, high]`; what some runs lack is said, and no interval of the others given."""
    known = [value for value in values if value is not None and math.isfinite(value)]
    if len(known) < len(values):
        return f"{len(values) - len(known)} of {len(values)} diverged"
    mean, low, high = mean_interval(known)
    if not math.isfinite(low):
        return f"{mean:.{digits}f} (one run)"
    return f"{mean:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"
