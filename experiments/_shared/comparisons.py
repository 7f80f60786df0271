"""P-values of comparisons, corrected for their number."""

import math
from collections.abc import Sequence

from scipy import stats


def holm(p_values: Sequence[float]) -> list[float]:
    """Returns p-values corrected for their number by Holm's method.

    The smallest of n p-values is multiplied by n, the next one by n − 1, and so on. No corrected
    value is below a preceding one, or above 1.
    """
    order = sorted(range(len(p_values)), key=lambda index: p_values[index])
    corrected, largest = [0.0] * len(p_values), 0.0
    for rank, index in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        corrected[index] = largest
    return corrected


def welch(first: Sequence[float], second: Sequence[float]) -> float:
    """Returns the two-sided p-value of Welch's t-test for equal means."""
    return float(stats.ttest_ind(first, second, equal_var=False).pvalue)


def paired(differences: Sequence[float]) -> float:
    """Returns the two-sided p-value of the t-test for a mean difference of zero."""
    return float(stats.ttest_1samp(differences, 0.0).pvalue)


def from_interval(mean: float, low: float, high: float, runs: int) -> float:
    """Returns the two-sided p-value for a mean of zero, from a 95 % Student interval.

    Args:
      mean: Mean over the runs.
      low: Lower end of its interval.
      high: Upper end of its interval. One of the ends may be clipped.
      runs: Number of runs.
    """
    half = max(high - mean, mean - low)
    if half <= 0:
        return 0.0 if mean else 1.0
    statistic = abs(mean) / half * float(stats.t.ppf(0.975, runs - 1))
    return float(2 * stats.t.sf(statistic, runs - 1))


def fisher(first: tuple[int, int], second: tuple[int, int]) -> float:
    """Returns the p-value of Fisher's exact test for two (successes, runs)."""
    table = [[hits, runs - hits] for hits, runs in (first, second)]
    return float(stats.fisher_exact(table)[1])


def format_p(p: float) -> str:
    """Formats a p-value with two significant digits, such as 0.024 or 3e-05."""
    if math.isnan(p):
        return "–"
    return f"{p:.2g}" if p >= 0.001 else f"{p:.0e}"
