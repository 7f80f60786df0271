"""Training on four Gaussians, with one compiled program per method."""

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
from experiments.greedy.gaussians.script import ScriptState
from experiments.greedy.oracles import update_oracles

EVERY = 100
"""Updates between two evaluations of samples. The length of a run is a multiple."""
NUM_SAMPLES, NUM_SHOWN = 1000, 150
"""Number of evaluated samples, and of samples in the figure."""


def run_one(
    method: str,
    sizes: game.Sizes,
    draws: str,
    rates: tuple[float, float],
    mixture: str,
    seed: int,
    num_steps: int,
) -> dict[str, Any]:
    """Runs one seed.

    Args:
      method: Name in `METHODS`.
      sizes: Sizes of networks and batches.
      draws: "fresh": each oracle call of an update has its own batch; "common": all share one.
      rates: Learning rates (min, max).
      mixture: Name in `game.WEIGHTS`.
      seed: Seed of the initial parameters and of all samples.
      num_steps: Number of updates, a multiple of `EVERY`.

    Returns:
      Shares of samples at the modes and samples at every evaluation, and the acceptance rate of
      greedy methods.
    """
    begin, advance = program(method, sizes, draws)
    key, weights = jax.random.key(seed), jnp.asarray(game.WEIGHTS[mixture])
    players, state = begin(mm.Players(*rates), key)
    history, clouds = [], []
    for step in range(0, num_steps, EVERY):
        players, state, points = advance(mm.Players(*rates), weights, key, players, state, step)
        history.append(np.asarray(game.shares(points), float).round(4).tolist())
        clouds.append(np.asarray(points[:NUM_SHOWN], float).round(3).tolist())
    found = {"seed": seed, "rates": list(rates), "shares": history, "clouds": clouds}
    if isinstance(state, mm.GreedyState | ScriptState):
        found["acceptance_rate"] = round(float(state.accepted / state.count), 4)
    return found


@functools.cache
def program(method: str, sizes: game.Sizes, draws: str) -> tuple[Callable[..., Any], ...]:
    """Returns compiled functions for the start of a run and for its next `EVERY` updates.

    Learning rates and weights are runtime arguments. Seeds are not vmapped, because the batched
    small matrix products of the gradients take twice the time on CPU (see LOG.md).
    """
    built = METHODS[method]

    @jax.jit
    def begin(rates: mm.Players, key: jax.Array) -> tuple[mm.Players, Any]:
        players = game.start(sizes, jax.random.fold_in(key, 0))
        if built.loss == "wasserstein":  # The first field is evaluated at a feasible point.
            clipped = jax.tree.map(lambda w: jnp.clip(w, -LIMIT, LIMIT), players.max)
            players = players._replace(max=clipped)
        return players, built.build(rates).init(players)

    @jax.jit
    def advance(
        rates: mm.Players, weights: jax.Array, key: jax.Array, players: Any, state: Any, first: int
    ) -> Any:
        update: Any = optax.with_extra_args_support(built.build(rates)).update
        value = game.payoff(sizes, weights, built.loss)
        keyed_field_fn = mm.zero_sum(value, stochastic=True)
        sign = -1.0 if built.reversed_test else 1.0

        def step_fn(carry: Any, step: jax.Array) -> tuple[Any, None]:
            z, state = carry
            step_key = jax.random.fold_in(jax.random.fold_in(key, 1), step)

            field_fn, payoff_fn = update_oracles(
                keyed_field_fn, value, step_key, fresh=draws == "fresh"
            )
            updates, state = update(
                field_fn(z),
                state,
                z,
                field_fn=field_fn,
                payoff_fn=lambda z, draw=0: sign * payoff_fn(z, draw),
            )
            return (optax.apply_updates(z, updates), state), None

        steps = first + jnp.arange(EVERY)
        (players, state), _ = lax.scan(step_fn, (players, state), steps)
        sample_key = jax.random.fold_in(jax.random.fold_in(key, 2), first)
        return players, state, game.samples(sizes, players.min, sample_key, NUM_SAMPLES)

    return begin, advance
