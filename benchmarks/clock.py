"""Interleaved timing of several implementations, with per-round ratios.

All implementations run in one process, in the order A B C A B C …, after a warm-up. Each
call is timed until its result is ready. A ratio of two implementations is the median over
rounds of the ratio within a round, because a slow period of the machine slows both.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import numpy as np


class Ratio(NamedTuple):
    """Time relative to the reference: median over rounds, with quartiles."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:.2f} [{self.low:.2f}, {self.high:.2f}]"


def interleave(
    implementations: Mapping[str, Callable[[], Any]], rounds: int, warm_up: int = 2
) -> dict[str, list[float]]:
    """Returns the seconds of every round of every implementation.

    Args:
      implementations: Functions that do the work once and return the result.
      rounds: Number of timed calls of each function.
      warm_up: Number of earlier calls, which compile programs and allocate memory.
    """
    times: dict[str, list[float]] = {name: [] for name in implementations}
    for index in range(warm_up + rounds):
        for name, run in implementations.items():
            start = time.perf_counter()
            jax.block_until_ready(run())
            elapsed = time.perf_counter() - start
            if index >= warm_up:
                times[name].append(elapsed)
    return times


def compare(times: Mapping[str, list[float]], reference: str) -> dict[str, dict[str, Any]]:
    """Returns the ratio to the reference and the median seconds of each implementation."""
    base = np.asarray(times[reference])
    return {
        name: {
            "ratio": [
                round(float(q), 4)
                for q in np.quantile(np.asarray(seconds) / base, (0.5, 0.25, 0.75))
            ],
            "seconds": float(np.median(seconds)),
            "rounds": len(seconds),
        }
        for name, seconds in times.items()
    }


def ratio(found: Mapping[str, Any]) -> Ratio:
    """Returns a ratio written by `compare`."""
    return Ratio(*found["ratio"])
