"""Interleaved timing of several implementations, with per-round ratios.

All implementations run after a warm-up, one turn each per round, and never two at once. The order
is another one in each round, because an implementation can slow down its successor, for example
by what it leaves in the caches. Each turn is timed until its result is ready. A turn can consist of
several calls, because on a GPU the wait after a single call can take as long as the call. A ratio
of two implementations is the median over rounds of the ratio within a round, because a slow period
of the machine slows both.
"""

import random
import time
from collections.abc import Callable, Mapping
from concurrent import futures
from typing import Any, NamedTuple

import jax
import numpy as np


class LeftOut(Exception):
    """Raised by an implementation that cannot run. Its times are left out."""


class Ratio(NamedTuple):
    """Time relative to the reference: median over rounds, with quartiles."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:.2f} [{self.low:.2f}, {self.high:.2f}]"


def make_all(makers: Mapping[str, Callable[[], Any]]) -> dict[str, Any]:
    """Returns what each function returns, by its name.

    The functions compile programs. The first one runs alone, because XLA times the algorithms of
    convolutions and products on a GPU when it compiles them. The others then use its choices, and
    are compiled side by side.
    """
    (first, make), *others = makers.items()
    made = {first: make()}
    with futures.ThreadPoolExecutor() as pool:
        return made | dict(pool.map(lambda item: (item[0], item[1]()), others))


def interleave(
    implementations: Mapping[str, Any],
    rounds: int,
    warm_up: int = 2,
    calls: int = 1,
    untimed: int = 0,
) -> dict[str, list[float]]:
    """Returns the seconds per call, in every round, of every implementation.

    Args:
      implementations: Functions that do the work once and return the result. A result that is
        not made of JAX arrays must be a function that waits for the work. A `worker.Worker`, which
        has the method `turn` instead, times its turns in its own process. An implementation that
        raises `LeftOut` is left out with a message.
      rounds: Number of timed turns of each function.
      warm_up: Number of earlier turns, which compile programs and allocate memory.
      calls: Number of timed calls per turn.
      untimed: Number of calls before them in each turn. With one, a turn starts with its own
        data in the caches, whatever ran before.
    """
    order = random.Random(0)
    times: dict[str, list[float]] = {name: [] for name in implementations}
    for index in range(warm_up + rounds):
        for name in order.sample([*implementations], len(implementations)):
            if name not in times:
                continue
            try:
                elapsed = turn(implementations[name], calls, untimed)
            except LeftOut as error:
                print(f"{name} is left out: {error}")
                del times[name]
                continue
            if index >= warm_up:
                times[name].append(elapsed)
    return times


def turn(run: Any, calls: int, untimed: int) -> float:
    """Returns the seconds per call of one turn of an implementation of `interleave`."""
    if hasattr(run, "turn"):
        return run.turn(calls, untimed)
    for _ in range(untimed):
        wait(run())
    start = time.perf_counter()
    for _ in range(calls):
        result = run()
    wait(result)
    return (time.perf_counter() - start) / calls


def wait(result: Any) -> None:
    """Waits for arrays of JAX, or calls the function that waits for other work."""
    if callable(result):
        result()
    else:
        jax.block_until_ready(result)


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
