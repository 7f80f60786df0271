"""Counts the batches of training examples that one training step draws."""

import operator
from typing import Any

import jax
import jax.numpy as jnp

import minmax_jax as mm
from minmax_jax.gan.config import config as config_lib
from minmax_jax.gan.data.streaming.layout import Draws
from minmax_jax.gan.training.optimizer import build_optimizer


def count(config: config_lib.Config, players: mm.Players) -> Draws:
    """Returns the batches that one training step draws.

    The optimizer is traced with functions that only record the sample indices. A loop whose
    length depends on values, as in `mm.greedy`, uses indices below those that come after it.

    Args:
      config: Configuration of the run.
      players: Parameters of both networks.
    """
    optimizer = build_optimizer(config, players, unroll=True)
    seen = {0}  # The step itself evaluates the field with index 0.

    def record(draw: Any) -> None:
        try:
            seen.add(operator.index(draw))
        except (TypeError, jax.errors.JAXTypeError):
            pass  # It is traced.

    def field_fn(players: mm.Players, draw: Any = 0) -> Any:
        record(draw)
        return jax.tree.map(jnp.zeros_like, players)

    def payoff_fn(players: mm.Players, draw: Any = 0) -> Any:
        record(draw)
        return sum(0.0 * jnp.sum(leaf) for leaf in jax.tree.leaves(players))

    def update(players: mm.Players) -> Any:
        separate = config.objective.penalty_step == "separate"
        penalty = {"penalty_field_fn": lambda z, draw: jax.tree.map(jnp.zeros_like, z)}
        return optimizer.update(
            jax.tree.map(jnp.zeros_like, players),
            optimizer.init(players),
            players,
            field_fn=field_fn,
            payoff_fn=payoff_fn,
            min_loss_fn=payoff_fn,
            key=jax.random.key(0),
            step=jnp.zeros((), jnp.int32),
            **(penalty if separate else {}),
        )[0]

    jax.eval_shape(update, players)
    if config.objective.penalty_step != "separate":
        return Draws(max(seen) + 1)
    inner_steps, every = config.optimizer.max_steps, config.objective.penalty_every
    return Draws(max(seen) + 1, inner_steps, every)
