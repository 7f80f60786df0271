"""Trains all runs and measures the gradient norms of both players along them."""

import functools
import math
import time
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

import minmax_jax as mm
from experiments._shared.command import environment
from experiments._shared.files import read_or_compute
from experiments._shared.means import mean_interval
from experiments._shared.rounding import round_significant
from experiments._shared.time_limit import TimeLimit
from experiments.one_sided.norms import quality
from experiments.one_sided.trajectories import balance, snapshots
from experiments.one_sided.trajectories.config import (
    Config,
    all_runs,
    describe,
    make_problem,
)
from experiments.one_sided.trajectories.problems import Problem
from experiments.one_sided.trajectories.training import train

NUM_DRAWS = 8
FIELDS = ("descended", "saturating")
SIDES = mm.Players._fields


def run(config: Config) -> dict[str, Any]:
    """Trains and measures all runs.

    Raises:
      TimeLimitReached: If the time limit is reached; the state is saved.
    """
    begin, problem = time.perf_counter(), make_problem(config)
    time_limit = TimeLimit(config.time_limit or math.inf)
    estimate, evaluate = estimator(problem), quality.evaluator(problem)
    found: dict[str, Any] = {}
    for name, method, dual in all_runs(config):
        train(config, problem, method, dual, time_limit)
        found[name] = measure(config, problem, method, dual, estimate)
        time_limit.check()
        folder = snapshots.folder_of(config, method, dual)
        for part, score in (("quality", along_run), ("average", at_end)):
            scored = functools.partial(score, config, problem, method, dual, evaluate)
            found[name][part] = read_or_compute(folder / f"{part}.json", scored)
        print(f"{time.perf_counter() - begin:5.0f} s  {name}", flush=True)
    return {
        **describe(config),
        "num_draws": NUM_DRAWS,
        **({} if problem.data is None else {"num_samples": quality.NUM_SAMPLES}),
        "rates": {m: list(map(float, problem.learning_rates(m))) for m in config.methods},
        "sizes": sizes(problem),
        **environment(),
        "seconds": round(time.perf_counter() - begin, 1),
        "runs": found,
    }


def estimator(problem: Problem) -> Callable[[mm.Players, jax.Array], Any]:
    """Returns a compiled function from players of all seeds and a key to their norms.

    It returns the noise floor of each field, and the norms of the parameters.
    """

    @jax.jit
    def at(players: mm.Players, key: jax.Array) -> Any:
        def one(z: mm.Players) -> Any:
            floors = {
                name: mm.diagnostics.noise_floor(getattr(problem, name), z, NUM_DRAWS, key=key)
                for name in FIELDS
            }
            return floors, mm.diagnostics.player_norms(z)

        return jax.vmap(one)(players)

    return at


def measure(
    config: Config,
    problem: Problem,
    method: str,
    dual: bool,
    estimate: Callable[[mm.Players, jax.Array], Any],
) -> dict[str, Any]:
    """Measures the norms along a run, over (seed, time)."""
    rows, steps = [], []
    for snapshot in snapshots.snapshots(config, problem, method, dual):
        key = jax.random.fold_in(jax.random.key(11), snapshot.step)
        rows.append(jax.tree.map(np.asarray, estimate(snapshot.players, key)))
        steps.append(snapshot.step)
    floors, parameters = jax.tree.map(lambda *leaves: np.stack(leaves, axis=-1), *rows)
    return {
        "steps": steps,
        "parameter_norm": {side: round_significant(getattr(parameters, side)) for side in SIDES},
        **{name: {side: squares(floors[name], side) for side in SIDES} for name in FIELDS},
        "slopes": {name: slopes(steps, floors[name]) for name in FIELDS},
    }


def along_run(
    config: Config, problem: Problem, method: str, dual: bool, evaluate: quality.Evaluate
) -> dict[str, Any]:
    """Returns the scores of the generators of all seeds along a run."""
    rows = []
    for snapshot in snapshots.snapshots(config, problem, method, dual):
        generators = (snapshots.of_seed(snapshot.players.min, i) for i in range(config.seeds))
        rows.append([evaluate(params) for params in generators])
    return quality.summarize(rows)


def at_end(
    config: Config, problem: Problem, method: str, dual: bool, evaluate: quality.Evaluate
) -> dict[str, Any]:
    """Returns the scores of the averaged generators of all seeds at the end of a run."""
    averages = snapshots.last(config, problem, method, dual).ema
    return quality.summarize(
        [[evaluate(snapshots.of_seed(averages, i)) for i in range(config.seeds)]]
    )


def squares(floor: mm.diagnostics.NoiseFloor, side: str) -> dict[str, Any]:
    """Returns raw and corrected squared norms of one player, and their standard errors."""
    parts = ("raw", "corrected", "stderr")
    return {part: round_significant(getattr(getattr(floor, part), side)) for part in parts}


def slopes(steps: list[int], floor: mm.diagnostics.NoiseFloor) -> dict[str, dict[str, Any]]:
    """Fits d log ‖E F‖ / d log t after a tenth of the run.

    Estimates below their standard error are replaced by it, so the fitted decrease is a lower
    bound.

    Returns:
      For each player, and for the difference max − min over seeds: the mean over seeds and its
      95 % t interval. For each player also the share of estimates below their error.
    """
    late = np.array(steps) >= steps[-1] / 10
    times, by_seed, found = np.log(np.array(steps)[late]), {}, {}
    for side in SIDES:
        values, errors = (getattr(part, side)[:, late] for part in (floor.corrected, floor.stderr))
        usable = np.maximum(np.maximum(values, errors), 1e-30)
        finite = np.isfinite(usable).all()
        if finite:
            by_seed[side] = np.polyfit(times, 0.5 * np.log(usable).T, 1)[0]
        below_noise = float(np.mean(values < errors)) if finite else None
        found[side] = {**interval(by_seed.get(side)), "below_noise": below_noise}
    both = by_seed["max"] - by_seed["min"] if len(by_seed) == len(SIDES) else None
    return {**found, "difference": interval(both)}


def interval(values: Any) -> dict[str, float | None]:
    """Returns the mean over seeds and its interval, None for runs that diverged."""
    ends = (None, None, None) if values is None else t_interval(values)
    return dict(zip(("mean", "low", "high"), ends, strict=True))


def t_interval(values: Any) -> tuple[float, float | None, float | None]:
    """Returns the mean over seeds and its 95 % t interval, None for a single seed."""
    mean, low, high = mean_interval(values)
    return (mean, low, high) if math.isfinite(low) else (mean, None, None)


def sizes(problem: Problem) -> dict[str, int]:
    """Returns the number of parameters of each player."""
    players = problem.start(0)
    return {side: balance.count(getattr(players, side)) for side in SIDES}
