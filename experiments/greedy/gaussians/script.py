"""The authors' script for four Gaussians, step by step.

It differs from `mm.greedy_adam` with the published arguments in two points. The first of the k
steps of the discriminator is taken together with the generator's step, on the same batch. And the
loss that the accept test compares is taken on the batch of the last discriminator step, before
this step. Descent–ascent is the same script with every update accepted.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

import minmax_jax as mm


class ScriptState(NamedTuple):
    """State of the script.

    Attributes:
      min: State of the generator's Adam.
      max: State of the discriminator's Adam.
      loss: Loss of the previous proposal, accepted or not.
      count: Number of updates.
      accepted: Number of accepted updates.
    """

    min: Any
    max: Any
    loss: jax.Array
    count: jax.Array
    accepted: jax.Array


def published_script(
    rates: mm.Players, num_steps: int, accept_every: int = 1
) -> optax.GradientTransformationExtraArgs:
    """Returns the updates of the script.

    Args:
      rates: Learning rates of Adam.
      num_steps: Steps of the discriminator per update, k.
      accept_every: Updates whose number is a multiple are accepted without a test. With 1, all
        are: this is descent–ascent.
    """
    adams = mm.Players(*(optax.adam(rate, b1=0.5) for rate in rates))

    def init(players: mm.Players) -> ScriptState:
        states = (adam.init(side) for adam, side in zip(adams, players, strict=True))
        zero = jnp.zeros([], jnp.int32)
        return ScriptState(*states, jnp.asarray(1e7), zero, zero)

    def update(
        field: mm.Players, state: ScriptState, players: Any = None, *, field_fn: Any, payoff_fn: Any
    ) -> tuple[mm.Players, ScriptState]:
        steps, min_state = adams.min.update(field.min, state.min, players.min)
        x = optax.apply_updates(players.min, steps)
        y, y_state, y_field, loss = players.max, state.max, field.max, payoff_fn(players, 0)
        for draw in range(1, num_steps + 1):
            steps, y_state = adams.max.update(y_field, y_state, y)
            y = optax.apply_updates(y, steps)
            if draw < num_steps:
                proposal = mm.Players(x, y)
                y_field, loss = field_fn(proposal, draw).max, payoff_fn(proposal, draw)
        accept = (state.count % accept_every == 0) | (loss <= state.loss)
        x = jax.tree.map(lambda new, old: jnp.where(accept, new, old), x, players.min)
        updates = jax.tree.map(jnp.subtract, mm.Players(x, y), players)
        accepted = state.accepted + accept
        return updates, ScriptState(min_state, y_state, loss, state.count + 1, accepted)

    return optax.GradientTransformationExtraArgs(init, update)
