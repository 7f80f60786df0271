"""Runs of a method on a game, over all learning rates, schedules and noises."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import minmax_jax as mm
from experiments.one_sided.methods import METHODS
from experiments.one_sided.theory import games
from experiments.one_sided.theory.config import (
    SCHEDULES,
    Config,
    horizons_of,
    learning_rates_of,
)


def sweep(config: Config, game_name: str, method: str) -> dict[str, np.ndarray]:
    """Runs one method on one game.

    Returns:
      Averages up to each horizon, by name, of shape (learning rate, schedule, noise, seed,
      horizon) with the tuning seeds last: the squared norms of ∇_x f ("min"), ∇_y f ("max") and
      α_t ∇_y f ("extrapolated"), all without noise at (x_t, y_t), and the squared norms of x_t
      ("distance") and of the max player's step ("moved").
    """
    ends = horizons_of(config)
    seeds = np.r_[: config.seeds, 1000 : 1000 + config.tune_seeds]
    axes = (learning_rates_of(method), list(SCHEDULES.values()), config.noises, seeds)
    cells = [axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")]
    with jax.enable_x64(True):
        run = jax.jit(jax.vmap(lambda *cell: one_run(config, game_name, method, ends, *cell)))
        averages = run(*map(jnp.asarray, cells))
        shape = (*(len(axis) for axis in axes), len(ends))
        return {name: np.asarray(values).reshape(shape) for name, values in averages.items()}


def one_run(
    config: Config,
    game_name: str,
    method: str,
    ends: np.ndarray,
    learning_rate: Any,
    power: Any,
    noise: Any,
    seed: Any,
) -> dict[str, jax.Array]:
    """Runs one cell and returns its averages up to each of `ends`."""
    game = games.GAMES[game_name](seed)

    def payoff(z: mm.Players, key: jax.Array) -> jax.Array:
        keys = jax.random.split(key)
        noises = [jax.random.normal(k, x.shape) for k, x in zip(keys, z, strict=True)]
        return game.payoff_fn(z) + noise * (noises[0] @ z.min + noises[1] @ z.max)

    def learning_rate_max(count: Any) -> jax.Array:
        return config.rate_max * (count + 1.0) ** -power

    def squares(step: Any, z: mm.Players, updates: mm.Players) -> dict[str, jax.Array]:
        field = game.field_fn(z)
        of_max = jnp.sum(field.max**2)
        return {
            "min": jnp.sum(field.min**2),
            "max": of_max,
            "extrapolated": learning_rate_max(step) ** 2 * of_max,
            "distance": jnp.sum(z.min**2),
            "moved": jnp.sum(updates.max**2),
        }

    optimizer = METHODS[method](mm.Players(learning_rate, learning_rate_max))
    records = mm.solve(
        optimizer,
        mm.zero_sum(payoff, stochastic=True),
        game.start,
        config.steps,
        key=jax.random.fold_in(jax.random.key(1), seed),
        # Record the point after the update, where the next update begins.
        record=lambda step, z, updates, state: squares(step + 1, z, updates),
    ).records
    first = squares(0, game.start, jax.tree.map(jnp.zeros_like, game.start))
    return {name: averages(first[name], values, ends, name) for name, values in records.items()}


def averages(first: jax.Array, values: jax.Array, ends: np.ndarray, name: str) -> jax.Array:
    """Returns the averages of one quantity up to each of `ends`.

    The step of the max player belongs to the update before the recorded point, the other
    quantities to the point before the update.
    """
    series = values if name == "moved" else jnp.concatenate([first[None], values[:-1]])
    return (jnp.cumsum(series) / jnp.arange(1, len(values) + 1))[ends - 1]
