"""Counts the batches of training examples that one training step draws."""

import math
import operator
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

import minmax_jax as mm
from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.config import config as config_lib
from minmax_jax.gan.data.streaming.layout import Draws
from minmax_jax.gan.training import integer_bounds
from minmax_jax.gan.training.optimizer import build_optimizer

_MAX = 1_000
"""Largest number of batches per step. All of them are read, even if a step uses fewer."""


def count(config: config_lib.Config, players: mm.Players) -> Draws:
    """Returns the batches that one training step draws.

    The optimizer is traced with functions that record the sample indices. Indices that are known
    at compile time only as a range, as in a loop that may end early, count with their largest
    value.

    Args:
      config: Configuration of the run.
      players: Parameters of both networks.

    Raises:
      ConfigError: If an index has no known limit, or there are more than 1,000 batches.
    """
    optimizer = build_optimizer(config, players, unroll=True)
    seen = {0}  # The step itself evaluates the field with index 0.

    def zero(draw: Any) -> Any:
        """Returns 0, computed from a sample index, which is recorded."""
        try:
            seen.add(operator.index(draw))
        except (TypeError, jax.errors.JAXTypeError):  # It is traced, or not an integer.
            if jnp.issubdtype(jnp.result_type(draw), jnp.integer):
                # The result depends on the index, so that no transformation removes the mark.
                return 0.0 * jnp.sum(integer_bounds.marked(draw))
        return jnp.zeros(())

    def field_fn(players: mm.Players, draw: Any = 0) -> Any:
        return jax.tree.map(lambda leaf: (zero(draw) * leaf).astype(leaf.dtype), players)

    def payoff_fn(players: mm.Players, draw: Any = 0) -> Any:
        return zero(draw) * sum(jnp.sum(leaf) for leaf in jax.tree.leaves(players))

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

    traced = integer_bounds.range_of_marked(update, players)
    main = 1 + _largest(config.optimizer.name, [*seen, *(traced or ())])
    if config.objective.penalty_step != "separate":
        return Draws(main)
    inner_steps, every = config.optimizer.max_steps, config.objective.penalty_every
    return Draws(main, inner_steps, every)


def _largest(name: str, indices: Sequence[float]) -> int:
    """Returns the largest of the sample indices of an optimizer, after a check."""
    low, high = min(indices), max(indices)
    if 0 <= low and high < _MAX:
        return int(high)
    found = "no known limit" if math.inf in (-low, high) else f"values from {low:,} to {high:,}"
    raise ConfigError(
        f"optimizer={name}: a streamed run reads the batch of each sample index from 0 to "
        f"{_MAX - 1:,}, but an index of this optimizer has {found}. Evaluate the field with "
        "smaller indices (jnp.clip(draw, 0, N) gives a limit), or train without --stream and with "
        "--stream-above 0."
    )
