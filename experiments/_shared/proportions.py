"""Proportions and their differences, with 95 % intervals."""

import math
from typing import NamedTuple

from scipy import stats


class Proportion(NamedTuple):
    """A number of successes with the 95 % Wilson interval of their probability.

    Attributes:
      successes: Number of successful runs.
      runs: Number of runs.
      low: Lower end of the interval.
      high: Upper end of the interval.
    """

    successes: int
    runs: int
    low: float
    high: float

    @property
    def value(self) -> float:
        """Observed proportion."""
        return self.successes / self.runs

    def __str__(self) -> str:
        return (
            f"{self.successes}/{self.runs} "
            f"[{format_proportion(self.low)}, {format_proportion(self.high)}]"
        )


def proportion(successes: int, runs: int) -> Proportion:
    """Returns `successes` of `runs` with their Wilson interval."""
    interval = stats.binomtest(int(successes), int(runs)).proportion_ci(method="wilson")
    return Proportion(int(successes), int(runs), float(interval.low), float(interval.high))


def difference(first: Proportion, second: Proportion) -> tuple[float, float, float]:
    """Returns the difference of two proportions with its 95 % interval by Newcombe's method."""
    value = first.value - second.value
    below = math.hypot(first.value - first.low, second.high - second.value)
    above = math.hypot(first.high - first.value, second.value - second.low)
    return value, value - below, value + above


def format_proportion(x: float) -> str:
    """Formats a proportion with two decimals, such as 0.05; 0.00 and 1.00 become 0 and 1.

    Proportions below 0.005 keep one significant digit.
    """
    if 0 < x < 0.005:
        return f"{x:.1g}"
    return {"0.00": "0", "1.00": "1"}.get(f"{x:.2f}", f"{x:.2f}")
