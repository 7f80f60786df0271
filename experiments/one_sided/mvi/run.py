"""Measures the one-sided MVI along runs, for several reference points x*."""

import time
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import minmax_jax as mm
from experiments._shared.command import environment
from experiments._shared.means import mean_interval
from experiments._shared.rounding import round_significant
from experiments.one_sided.norms.run import FIELDS
from experiments.one_sided.trajectories import snapshots
from experiments.one_sided.trajectories.config import (
    Config,
    all_runs,
    describe,
    make_problem,
)
from experiments.one_sided.trajectories.problems import Problem
from experiments.one_sided.trajectories.snapshots import of_seed

NUM_DRAWS = 8
REFERENCES = ("own end", "other seed", "average", "middle", "random", "mismatched")
"""Reference points x*. "mismatched" is the end of the run, with pairs from different times."""


def run(config: Config) -> dict[str, Any]:
    """Measures the condition along all runs.

    Raises:
      FileNotFoundError: If a run is not finished.
    """
    begin, problem = time.perf_counter(), make_problem(config)
    found = {}
    for name, method, dual in all_runs(config):
        found[name] = measure(config, problem, method, dual)
        print(f"{time.perf_counter() - begin:5.0f} s  {name}", flush=True)
    return {
        **describe(config),
        "num_draws": NUM_DRAWS,
        "times": snapshots.snapshot_steps(config.steps)[:-1],
        **environment(),
        "seconds": round(time.perf_counter() - begin, 1),
        "runs": found,
    }


def references(
    config: Config, problem: Problem, method: str, dual: bool, seed: int
) -> dict[str, Any]:
    """Returns the reference points x* of one seed of a run, by name."""
    end = snapshots.last(config, problem, method, dual)
    own = of_seed(end.players.min, seed)
    half = config.steps / 2
    middle = min(snapshots.snapshot_steps(config.steps), key=lambda step: abs(step - half))
    start = problem.start(seed).min
    at_middle = snapshots.at(config, problem, method, dual, middle)
    return {
        "own end": own,
        "other seed": of_seed(end.players.min, (seed + 1) % config.seeds),
        "average": of_seed(end.ema, seed),
        "middle": of_seed(at_middle.players.min, seed),
        "random": random_point(start, own, seed),
        "mismatched": own,
    }


def random_point(start: Any, end: Any, seed: int) -> Any:
    """Returns a point in a random direction from `start`, as far away as `end`."""
    leaves, structure = jax.tree.flatten(jax.tree.map(jnp.subtract, end, start))
    keys = jax.random.split(jax.random.fold_in(jax.random.key(13), seed), len(leaves))
    noise = [jax.random.normal(key, leaf.shape) for key, leaf in zip(keys, leaves, strict=True)]
    far = np.sqrt(sum(float(jnp.sum(x**2)) for x in leaves))
    scale = far / np.sqrt(sum(float(jnp.sum(x**2)) for x in noise))
    noise = jax.tree.unflatten(structure, noise)
    return jax.tree.map(lambda x, n: x + scale * n, start, noise)


def pairs(
    config: Config, problem: Problem, method: str, dual: bool, seed: int, name: str
) -> Iterator[mm.Players]:
    """Yields the points (x_t, y_t) of a run without its end.

    For the reference "mismatched" it yields (x_t, y_s), where s is half a run later or earlier.
    """
    steps = snapshots.snapshot_steps(config.steps)[:-1]
    for index, step in enumerate(steps):
        players = of_seed(snapshots.at(config, problem, method, dual, step).players, seed)
        if name == "mismatched":
            other = steps[(index + len(steps) // 2) % len(steps)]
            elsewhere = of_seed(snapshots.at(config, problem, method, dual, other).players, seed)
            players = players._replace(max=elsewhere.max)
        yield players


def measure(config: Config, problem: Problem, method: str, dual: bool) -> dict[str, Any]:
    """Measures the condition along a run, for each field and reference point."""
    found: dict[str, Any] = {field: {name: [] for name in REFERENCES} for field in FIELDS}
    for seed in range(config.seeds):
        points = references(config, problem, method, dual, seed)
        for field in FIELDS:
            for name in REFERENCES:
                measured = mm.diagnostics.one_sided_mvi(
                    getattr(problem, field),
                    pairs(config, problem, method, dual, seed, name),
                    points[name],
                    num_draws=NUM_DRAWS,
                    key=jax.random.fold_in(jax.random.key(17), seed),
                )
                found[field][name].append(measured)
    return {
        field: {name: summarize(runs, by_name["own end"]) for name, runs in by_name.items()}
        for field, by_name in found.items()
    }


def summarize(runs: list[Any], own: list[Any]) -> dict[str, Any]:
    """Summarizes one reference point over seeds, and how far the own end exceeds it.

    Args:
      runs: Measurement of each seed with this reference point.
      own: Measurement of each seed with the end of its run.
    """
    shares = [run.share for run in runs]
    cosines = [run.mean_cosine for run in runs]
    excess = [
        float(a.mean_cosine.mean) - float(b.mean_cosine.mean)
        for a, b in zip(own, runs, strict=True)
    ]
    return {
        "cosine": round_significant(np.array([run.cosine for run in runs])),
        "share": round_significant([float(share.mean) for share in shares]),
        "share_interval": round_significant([[float(s.low), float(s.high)] for s in shares]),
        "mean_cosine_interval": round_significant([[float(c.low), float(c.high)] for c in cosines]),
        "share_over_seeds": interval([float(share.mean) for share in shares], (0, 1)),
        "cosine_over_seeds": interval([float(cosine.mean) for cosine in cosines], (-1, 1)),
        "own_end_above_it": interval(excess, (-2, 2)),
    }


def interval(values: list[float], bounds: tuple[float, float]) -> list[float | None]:
    """Returns mean, low and high of a t interval over seeds, clipped to the possible means.

    All three are None if a value is not finite.
    """
    if not np.isfinite(values).all():
        return [None, None, None]
    return round_significant(mean_interval(values, bounds=bounds))
