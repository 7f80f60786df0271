"""Both conditions of a greedy equilibrium at a point of two numbers."""

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

import minmax_jax as mm
from experiments.greedy.endpoints.config import Config


def ascend(config: Config, game: Any, x: jax.Array, y: jax.Array) -> jax.Array:
    """Returns the end of the max player's ascent from y: |∂_y f(x, ·)| is within ε there.

    It stops after `max_ascent_steps` steps in any case.
    """

    def gradient(y: jax.Array) -> jax.Array:
        return jax.grad(lambda y: game.payoff_fn(mm.Players(x, y)))(y)

    def advance(now: tuple[jax.Array, ...]) -> tuple[jax.Array, ...]:
        y, slope, count = now
        y = y + config.learning_rate * slope
        return y, gradient(y), count + 1

    def continues(now: tuple[jax.Array, ...]) -> jax.Array:
        # The gradient is carried: rounded differently here and in the step, it would never end.
        _, slope, count = now
        return (jnp.abs(slope) > config.tolerance) & (count < config.max_ascent_steps)

    return lax.while_loop(continues, advance, (y, gradient(y), jnp.zeros((), int)))[0]


def conditions(
    config: Config, game: Any, point: mm.Players, key: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """Returns |∂_y f| and ω at one point.

    ω is the share of new proposals that lower the payoff by more than δ after the ascent from y.
    """
    x, y = point
    slope = jax.grad(lambda y: game.payoff_fn(mm.Players(x, y)))(y)
    proposals = x + config.stddev * jax.random.normal(key, (config.check_proposals,))

    def after(proposed: jax.Array) -> jax.Array:
        return game.payoff_fn(mm.Players(proposed, ascend(config, game, proposed, y)))

    limit = game.payoff_fn(point) - config.min_improvement
    return jnp.abs(slope), jnp.mean(jax.vmap(after)(proposals) < limit)
