"""Tunes one method on one game; every method has the same budget of oracle calls."""

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


def trajectory(
    config: Config, factory: Callable[..., Any], learning_rate: float, game: mm.games.Game
) -> np.ndarray:
    """Returns the first points of the run from the first start, of shape (1 + updates, 2)."""
    start = jax.tree.map(lambda x: x[0], starts(game, config.seeds))

    @jax.jit
    def run(learning_rate: jax.Array) -> jax.Array:
        return mm.solve(
            make_optimizer(factory, learning_rate, game),
            game.field_fn,
            start,
            min(TRAIL, config.budget),
            payoff_fn=game.payoff_fn,
            key=jax.random.key(0),
            record=lambda step, z, updates, state: flat(z),
        ).records

    return np.concatenate([flat(start)[None], run(jnp.asarray(learning_rate))])


def measure(config: Config, factory: Callable[..., Any], game: mm.games.Game) -> dict[str, Any]:
    """Runs one method on one game and returns its part of the JSON file."""
    learning_rates = config.learning_rates()
    drawn = int(np.argmin(np.abs(np.log(learning_rates / FALLBACK_LEARNING_RATE))))
    found: dict[str, Any] = {}
    if game.solution is not None:
        tuning = mm.tune(
            lambda learning_rate: make_optimizer(factory, learning_rate, game),
            game,
            learning_rates,
            budget=config.budget,
            starts=starts(game, config.seeds),
            cost_updates=config.priced_updates,
        )
        found["tolerances"] = []
        for tolerance in config.tolerances:
            best = tuning.best(tolerance)
            row = np.full(config.seeds, np.inf)
            if best is not None:
                row = tuning.calls(tolerance)[best, :, 0]
            found["tolerances"].append(
                {
                    "rate": None if best is None else float(f"{learning_rates[best]:.4g}"),
                    "price": None if best is None else float(tuning.cost[best]),
                    "calls": [round(float(x), 1) if np.isfinite(x) else None for x in row],
                }
            )
            if tolerance == config.tolerances[0] and best is not None:
                drawn = best
    found["drawn_rate"] = float(f"{learning_rates[drawn]:.4g}")
    if flat(center(game)).size == 2:
        found["trail"] = trail(trajectory(config, factory, learning_rates[drawn], game))
    return found


def trail(points: np.ndarray) -> list[list[float]]:
    """Returns the first points of a trajectory, rounded to three significant digits.

    It ends before the first point with a coordinate of absolute value 1000 or more, or NaN.
    """
    points = points[: TRAIL + 1]
    far = ~(np.abs(points).max(axis=1) < 1e3)
    points = points[: int(np.argmax(far))] if far.any() else points
    return [[float(f"{x:.3g}") for x in point] for point in points]
