"""Runs of the four Gaussians: one seed at a time, a compiled program for each method."""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import lax

import minmax_jax as mm
from experiments.greedy.gaussians import game
from experiments.greedy.gaussians.methods import LIMIT, METHODS

EVERY = 100
"""Updates between two looks at the samples; a whole number of these makes a run."""
LOOKED_AT, DRAWN = 1000, 150
"""Samples that decide which modes are reached; how many of them the figure shows."""


def run_one(
    method: str,
    sizes: game.Sizes,
    draws: str,
    rates: tuple[float, float],
    mixture: str,
    seed: int,
    num_steps: int,
) -> dict[str, Any]:
    """Returns the shares at the modes every 100 updates, and clouds of samples."""
    begin, advance = program(method, sizes, draws)
    key, weights = jax.random.key(seed), jnp.asarray(game.WEIGHTS[mixture])
    players, state = begin(mm.Players(*rates), key)
    history, clouds = [], []
    for step in range(0, num_steps, EVERY):
        players, state, points = advance(mm.Players(*rates), weights, key, players, state, step)
        history.append(np.asarray(game.shares(points), float).round(4).tolist())
        clouds.append(np.asarray(points[:DRAWN], float).round(3).tolist())
    found = {"seed": seed, "rates": list(rates), "shares": history, "clouds": clouds}
    if isinstance(state, mm.GreedyState):
        found["acceptance_rate"] = round(float(state.accepted / state.count), 4)
    return found


@functools.cache
def program(method: str, sizes: game.Sizes, draws: str) -> tuple[Callable[..., Any], ...]:
    """Returns the start of a run, and 100 updates of it; rates and weights are arguments.

    One seed at a time, because on a CPU the gradients' batched small matrix products of a
    vmapped axis cost twice as much (see LOG.md).
    """
    built = METHODS[method]

    @jax.jit
    def begin(rates: mm.Players, key: jax.Array) -> tuple[mm.Players, Any]:
        players = game.start(sizes, jax.random.fold_in(key, 0))
        if built.loss == "wasserstein":  # the first field is taken at a feasible point
            clipped = jax.tree.map(lambda w: jnp.clip(w, -LIMIT, LIMIT), players.max)
            players = players._replace(max=clipped)
        return players, built.build(rates).init(players)

    @jax.jit
    def advance(
        rates: mm.Players, weights: jax.Array, key: jax.Array, players: Any, state: Any, first: int
    ) -> Any:
        update: Any = optax.with_extra_args_support(built.build(rates)).update
        value = game.payoff(sizes, weights, built.loss)
        field_fn = mm.zero_sum(value, stochastic=True)
        sign = -1.0 if built.reversed_test else 1.0

        def step_fn(carry: Any, step: jax.Array) -> tuple[Any, None]:
            z, state = carry
            step_key = jax.random.fold_in(jax.random.fold_in(key, 1), step)

            def at(draw: Any) -> jax.Array:
                return jax.random.fold_in(step_key, draw if draws == "fresh" else 0)

            field = lambda z, draw=0: field_fn(z, at(draw))  # noqa: E731
            updates, state = update(
                field(z), state, z, field_fn=field,
                payoff_fn=lambda z, draw=0: sign * value(z, at(draw)),
            )  # fmt: skip
            return (optax.apply_updates(z, updates), state), None

        steps = first + jnp.arange(EVERY)
        (players, state), _ = lax.scan(step_fn, (players, state), steps)
        look_key = jax.random.fold_in(jax.random.fold_in(key, 2), first)
        return players, state, game.samples(sizes, players.min, look_key, LOOKED_AT)

    return begin, advance
