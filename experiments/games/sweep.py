"""Runs one method on one game, with all learning rates and starts in one program."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import minmax_jax as mm
from experiments.games.suite import Config, center, flat, make_optimizer, starts

FALLBACK_LEARNING_RATE = 0.1
"""Learning rate of the trajectory of a method that does not solve the game."""
TRAIL = 120
"""Number of updates of a trajectory in the figure."""


def trajectories(config: Config, factory: Callable[..., Any], game: mm.games.Game) -> np.ndarray:
    """Runs all learning rates and starts in one compiled program.

    Returns:
      Parameters of shape (learning rates, seeds, 1 + updates, parameters), the start first.
    """

    def run(learning_rate: jax.Array, start: mm.Players, key: jax.Array) -> jax.Array:
        return mm.solve(
            make_optimizer(factory, learning_rate, game),
            game.field_fn,
            start,
            config.budget,
            payoff_fn=game.payoff_fn,
            key=key,
            record=lambda step, z, updates, state: flat(z),
        ).records

    points = starts(game, config.seeds)
    keys = jax.vmap(jax.random.key)(jnp.arange(config.seeds))
    sweep = jax.jit(jax.vmap(jax.vmap(run, (None, 0, 0)), (0, None, None)))
    seen = np.asarray(sweep(jnp.asarray(config.learning_rates()), points, keys))
    first = np.asarray(jax.vmap(flat)(points))[None, :, None]
    return np.concatenate([np.broadcast_to(first, (*seen.shape[:2], 1, seen.shape[3])), seen], 2)


def costs(config: Config, factory: Callable[..., Any], game: mm.games.Game) -> list[float]:
    """Returns the executed oracle calls per update for each learning rate, from the first start."""
    counted = mm.diagnostics.field_evaluations(game.field_fn)
    start = jax.tree.map(lambda x: x[0], starts(game, config.seeds))

    @jax.jit
    def run(learning_rate: jax.Array) -> mm.Players:
        return mm.solve(
            make_optimizer(factory, learning_rate, game),
            counted,
            start,
            config.priced_updates,
            payoff_fn=game.payoff_fn,
            key=jax.random.key(0),
        ).players

    found = []
    for learning_rate in config.learning_rates():
        counted.reset()
        jax.block_until_ready(run(jnp.asarray(learning_rate)))
        found.append(sum(counted.counts()) / config.priced_updates)
    return found


def calls_to_stay(
    distances: np.ndarray, tolerance: float, cost: list[float], budget: int
) -> np.ndarray:
    """Returns the oracle calls after which each run stays within the tolerance.

    Args:
      distances: Distances from the solution, of shape (learning rates, seeds, 1 + updates), the
        start first.
      tolerance: Distance relative to the distance of the start.
      cost: Oracle calls per update for each learning rate.
      budget: Oracle calls per run.

    Returns:
      Oracle calls of shape (learning rates, seeds); inf for runs that are outside the tolerance
      at the end of the budget.
    """
    calls = np.full(distances.shape[:2], np.inf)
    for row, (runs, paid) in enumerate(zip(distances, cost, strict=True)):
        runs = runs[:, : int(budget // paid) + 1]
        outside = ~(runs <= tolerance * runs[:, :1])  # NaN counts as outside.
        last = runs.shape[1] - 1 - np.argmax(outside[:, ::-1], axis=1)  # The start is outside.
        calls[row] = np.where(outside[:, -1], np.inf, (last + 1) * paid)
    return calls


def tune(calls: np.ndarray) -> int | None:
    """Returns the index of the best learning rate, or None if none solves any start.

    The best one solves the most starts, and among equal ones needs the fewest calls on average.
    """
    solved = np.isfinite(calls).sum(axis=1)
    if not solved.any():
        return None
    mean = [
        row[np.isfinite(row)].mean() if n else np.inf for row, n in zip(calls, solved, strict=True)
    ]
    return int(np.lexsort((mean, -solved))[0])


def measure(config: Config, factory: Callable[..., Any], game: mm.games.Game) -> dict[str, Any]:
    """Runs one method on one game and returns its part of the JSON file."""
    seen = trajectories(config, factory, game)
    learning_rates = config.learning_rates()
    drawn = int(np.argmin(np.abs(np.log(learning_rates / FALLBACK_LEARNING_RATE))))
    found: dict[str, Any] = {}
    if game.solution is not None:
        cost = costs(config, factory, game)
        with np.errstate(over="ignore", invalid="ignore"):
            distances = np.linalg.norm(seen - np.asarray(flat(center(game))), axis=-1)
        found["tolerances"] = []
        for tolerance in config.tolerances:
            calls = calls_to_stay(distances, tolerance, cost, config.budget)
            best = tune(calls)
            row = np.full(config.seeds, np.inf) if best is None else calls[best]
            found["tolerances"].append(
                {
                    "rate": None if best is None else float(f"{learning_rates[best]:.4g}"),
                    "price": None if best is None else cost[best],
                    "calls": [round(float(x), 1) if np.isfinite(x) else None for x in row],
                }
            )
            if tolerance == config.tolerances[0] and best is not None:
                drawn = best
    found["drawn_rate"] = float(f"{learning_rates[drawn]:.4g}")
    if seen.shape[-1] == 2:
        found["trail"] = trail(seen[drawn, 0])
    return found


def trail(points: np.ndarray) -> list[list[float]]:
    """Returns the first points of a trajectory, rounded to three significant digits.

    It ends before the first point with a coordinate of absolute value 1000 or more, or NaN.
    """
    points = points[: TRAIL + 1]
    far = ~(np.abs(points).max(axis=1) < 1e3)
    points = points[: int(np.argmax(far))] if far.any() else points
    return [[float(f"{x:.3g}") for x in point] for point in points]
