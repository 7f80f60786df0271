"""Distance from the solution over oracle calls, with tuned learning rates."""

import dataclasses
import itertools
import time
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import optax

import minmax_jax as mm
from experiments._shared.command import environment
from experiments._shared.oracle_calls import listed, thinned
from experiments.constrained.problems import PROBLEMS, Problem, distance, starts


@dataclasses.dataclass(frozen=True)
class Config:
    """Compare methods on constrained problems.

    Attributes:
      budget: Oracle calls per run.
      rates: Learning rates of x.
      ratios: Learning rates of the multipliers, relative to the learning rate of x.
      seeds: Number of random starts, with seeds 0, 1, ...
      tolerances: Distances from the solution, relative to the distance of the start.
      drawn: Tolerance by which the learning rates of the figure are chosen.
    """

    budget: int = 2000
    rates: tuple[float, ...] = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
    ratios: tuple[float, ...] = (0.1, 0.3, 1.0, 3.0, 10.0)
    seeds: int = 8
    tolerances: tuple[float, ...] = (1e-2, 1e-4)
    drawn: float = 1e-2

    def learning_rates(self) -> mm.Players:
        """Returns all pairs of learning rates, as two arrays."""
        pairs = [(rate, rate * ratio) for rate, ratio in itertools.product(self.rates, self.ratios)]
        return mm.Players(*np.array(pairs).T)


_project = mm.ConstrainedProblem.projection


def _both(factory: Callable[..., Any]) -> Callable[[mm.Players], Any]:
    return lambda rates: factory(rates, projection=_project)


def _multipliers(rate: Any, gain: float | None = None) -> Any:
    controller = () if gain is None else (mm.scale_by_pi(gain),)
    return optax.chain(*controller, optax.sgd(rate), mm.project(_project))


def _in_turn(first: str, min_tx: Callable[..., Any] = optax.sgd) -> Callable[[mm.Players], Any]:
    return lambda rates: mm.alternate(
        min=min_tx(rates.min), max=_multipliers(rates.max), first=first
    )


def _pi(gain: float) -> Callable[[mm.Players], Any]:
    return lambda rates: mm.per_player(min=optax.sgd(rates.min), max=_multipliers(rates.max, gain))


def _augmented(**options: Any) -> Callable[[mm.Players], Any]:
    return lambda rates: mm.augment_lagrangian(mm.sgda(rates, projection=_project), **options)


METHODS: dict[str, Callable[[mm.Players], Any]] = {
    "sgda": _both(mm.sgda),
    "x first": _in_turn("min"),
    "multipliers first": _in_turn("max"),
    "x first, Adam for x": _in_turn("min", optax.adam),
    "νPI, κ_p = 1": _pi(1.0),
    "νPI, κ_p = 10": _pi(10.0),
    "optimistic_gda": _both(mm.optimistic_gda),
    "extragradient": _both(mm.extragradient),
    "primal_dual_hybrid_gradient": _both(mm.primal_dual_hybrid_gradient),
    "augmented, c = 1": _augmented(penalty=1.0, growth=1.0),
    "augmented, c grows to 10": _augmented(penalty=1.0, growth=1.01, max_penalty=10.0),
}
"""Methods, as functions of the learning rates of x and of the multipliers."""


def run(config: Config) -> dict[str, Any]:
    """Runs all methods on all problems, and returns the content of the JSON file."""
    began = time.perf_counter()
    problems = {}
    with jax.enable_x64(True):
        for label, make in PROBLEMS.items():
            problem = make()
            problems[label] = {name: _tuned(config, METHODS[name], problem) for name in METHODS}
            print(f"{label}: {time.perf_counter() - began:.0f} s", flush=True)
    return {
        "config": dataclasses.asdict(config),
        **environment(),
        "seconds": round(time.perf_counter() - began, 1),
        "problems": problems,
    }


def _tuned(config: Config, make: Callable[[mm.Players], Any], problem: Problem) -> dict[str, Any]:
    rates = config.learning_rates()
    points = starts(problem, config.seeds)
    game = mm.games.Game(
        field_fn=problem.game.field_fn,
        payoff_fn=problem.game.payoff_fn,
        start=jax.tree.map(lambda leaf: leaf[0], points),
    )
    tuning = mm.tune(
        make, game, rates, budget=config.budget, starts=points, distance=distance(problem)
    )
    found: dict[str, Any] = {"calls": {}, "rates": {}}
    for tolerance in config.tolerances:
        best = tuning.best(tolerance)
        calls = None if best is None else tuning.calls(tolerance)[best, :, 0]
        found["calls"][f"{tolerance:g}"] = listed(calls, config.seeds)
        found["rates"][f"{tolerance:g}"] = best if best is None else [float(r[best]) for r in rates]
    row = tuning.best(config.drawn)
    if row is None:  # No learning rates reach the tolerance: draw the lowest end.
        ends = tuning.distances[:, :, 0, -1].mean(axis=1)
        row = int(np.argmin(np.where(np.isfinite(ends), ends, np.inf)))
    updates = int(config.budget // tuning.cost[row]) + 1
    runs = tuning.distances[row, :, 0, :updates]
    curve = np.median(runs / runs[:, :1], axis=0)
    return {
        **found,
        "cost": float(tuning.cost[row]),
        "curve": thinned(np.nan_to_num(curve, nan=1e9, posinf=1e9), "distance"),
    }
