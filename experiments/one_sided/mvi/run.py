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
from experiments.one_sided.mvi.cosines import NUM_DRAWS, cosines_along
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


def references(config: Config, problem: Problem, method: str, dual: bool) -> dict[str, Any]:
    """Returns the reference points x* of a run by name; leaves have a leading axis over seeds."""
    end = snapshots.last(config, problem, method, dual)
    own, half = end.players.min, config.steps / 2
    middle = min(snapshots.snapshot_steps(config.steps), key=lambda step: abs(step - half))
    at_middle = snapshots.at(config, problem, method, dual, middle)
    randoms = [
        random_point(problem.start(seed).min, of_seed(own, seed), seed)
        for seed in range(config.seeds)
    ]
    return {
        "own end": own,
        "other seed": jax.tree.map(lambda leaf: jnp.roll(leaf, -1, axis=0), own),
        "average": end.ema,
        "middle": at_middle.players.min,
        "random": jax.tree.map(lambda *leaves: jnp.stack(leaves), *randoms),
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
    config: Config, problem: Problem, method: str, dual: bool, *, mismatched: bool = False
) -> Iterator[mm.Players]:
    """Yields the points (x_t, y_t) of a run without its end, with all seeds.

    Mismatched pairs are (x_t, y_s), where s is half a run later or earlier.
    """
    steps = snapshots.snapshot_steps(config.steps)[:-1]
    for index, step in enumerate(steps):
        players = snapshots.at(config, problem, method, dual, step).players
        if mismatched:
            other = steps[(index + len(steps) // 2) % len(steps)]
            elsewhere = snapshots.at(config, problem, method, dual, other).players
            players = players._replace(max=elsewhere.max)
        yield players


def measure(config: Config, problem: Problem, method: str, dual: bool) -> dict[str, Any]:
    """Measures the condition along a run, for each field and reference point."""
    points = references(config, problem, method, dual)
    matched = {name: point for name, point in points.items() if name != "mismatched"}
    found = {}
    for field in FIELDS:
        measured: dict[str, Any] = {}
        for chosen, mismatched in ((matched, False), ({"mismatched": points["mismatched"]}, True)):
            run = pairs(config, problem, method, dual, mismatched=mismatched)
            measured |= cosines_along(getattr(problem, field), run, chosen)
        found[field] = {
            name: summarize(*values, *measured["own end"]) for name, values in measured.items()
        }
    return found


def summarize(
    cosine: np.ndarray, away: np.ndarray, own: np.ndarray, own_away: np.ndarray
) -> dict[str, Any]:
    """Summarizes one reference point over seeds, and how far the own end exceeds it.

    Args:
      cosine: Cosines with this reference point, over (seed, time).
      away: Whether each point differs from the reference point; others are left out.
      own: Cosines with the end of the run.
      own_away: Whether each point differs from the end of the run.
    """
    shares, means = mean_where(cosine >= 0, away), mean_where(cosine, away)
    return {
        "cosine": round_significant(cosine),
        "share": round_significant(shares),
        "share_over_seeds": interval(shares, (0, 1)),
        "cosine_over_seeds": interval(means, (-1, 1)),
        "own_end_above_it": interval(mean_where(own, own_away) - means, (-2, 2)),
    }


def mean_where(values: np.ndarray, away: np.ndarray) -> np.ndarray:
    """Returns the mean over time of each seed, without the points that are left out."""
    return np.mean(values, axis=1, where=away)


def interval(values: np.ndarray, bounds: tuple[float, float]) -> list[float | None]:
    """Returns mean, low and high of a t interval over seeds, clipped to the possible means.

    All three are None if a value is not finite.
    """
    if not np.isfinite(values).all():
        return [None, None, None]
    return round_significant(mean_interval(values.tolist(), bounds=bounds))
