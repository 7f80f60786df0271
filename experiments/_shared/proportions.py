"""How a share is written: with its 95 % Wilson interval."""

from scipy import stats


def share(successes: int, runs: int) -> str:
    """`k/n [low, high]`."""
    interval = stats.binomtest(successes, runs).proportion_ci(method="wilson")
    return f"{successes}/{runs} [{interval.low:.2f}, {interval.high:.2f}]"
