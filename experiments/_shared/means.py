"""Means over seeds with Student's t intervals."""

import math
from collections.abc import Sequence

import numpy as np
from scipy import stats


def mean_interval(
    values: Sequence[float],
    confidence: float = 0.95,
    bounds: tuple[float, float] = (-math.inf, math.inf),
) -> tuple[float, float, float]:
    """Returns the mean and the two ends of its Student's t interval.

    Args:
      values: One value per seed. The interval of a single value is `bounds`.
      confidence: Confidence level, between 0 and 1.
      bounds: Range of possible means, for example [−1, 1] for a cosine. The interval is
        clipped to it, which does not reduce its coverage.
    """
    data = np.asarray(values, float)
    mean = float(data.mean())
    if len(data) < 2:
        return mean, *bounds
    half = stats.t.ppf((1 + confidence) / 2, len(data) - 1) * data.std(ddof=1) / len(data) ** 0.5
    return mean, max(mean - float(half), bounds[0]), min(mean + float(half), bounds[1])


def format_mean(
    values: Sequence[float | None],
    digits: int = 1,
    bounds: tuple[float, float] = (-math.inf, math.inf),
) -> str:
    """Formats values as `mean [low, high]`, or as the number of runs that diverged.

    Args:
      values: One value per seed; None or a non-finite number if the run diverged.
      digits: Digits after the decimal point.
      bounds: Range of possible means.
    """
    finite = [value for value in values if value is not None and math.isfinite(value)]
    if len(finite) < len(values):
        return f"{len(values) - len(finite)} of {len(values)} diverged"
    mean, low, high = mean_interval(finite, bounds=bounds)
    if len(finite) == 1:
        return f"{mean:.{digits}f} (one run)"
    return f"{mean:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"
