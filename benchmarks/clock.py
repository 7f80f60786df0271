"""Times of contestants that take turns, and their ratios: what noise on a shared machine allows.

All run in one process, A B C A B C …, after warm-up, each until its result is there. The
ratio of two contestants is the median over rounds of the ratio within the round, so that a
slow minute of the machine slows both.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import numpy as np


class Ratio(NamedTuple):
    """A contestant's time over the reference's: median over rounds, and quartiles."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:.2f} [{self.low:.2f}, {self.high:.2f}]"


def interleave(
    contestants: Mapping[str, Callable[[], Any]], rounds: int, warm_up: int = 2
) -> dict[str, list[float]]:
    """Returns the seconds of every round of every contestant.

    Args:
      contestants: functions that do the work once and return its result, which is waited for.
      rounds: how often each takes its turn.
      warm_up: turns before those, in which programs are compiled and memory is found.
    """
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for index in range(warm_up + rounds):
        for name, run in contestants.items():
            start = time.perf_counter()
            jax.block_until_ready(run())
            spent = time.perf_counter() - start
            if index >= warm_up:
                times[name].append(spent)
    return times


def compare(times: Mapping[str, list[float]], reference: str) -> dict[str, dict[str, Any]]:
    """Returns for each contestant its ratio to the reference and its median seconds."""
    base = np.asarray(times[reference])
    return {
        name: {
            "ratio": [
                round(float(q), 4) for q in np.quantile(np.asarray(of) / base, (0.5, 0.25, 0.75))
            ],
            "seconds": float(np.median(of)),
            "rounds": len(of),
        }
        for name, of in times.items()
    }


def ratio(found: Mapping[str, Any]) -> Ratio:
    """Reads a ratio that `compare` wrote."""
    return Ratio(*found["ratio"])
