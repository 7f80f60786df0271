"""The joint point of a game and the types of the functions that are asked about it."""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import jax
import optax

PyTree = Any
"""Any JAX pytree: dicts, tuples, Flax states, dataclasses."""

Draw = int | jax.Array
"""Index of an oracle call within one update, or a PRNG key made from it."""


class Players(NamedTuple):
    """One value for each player of a min-max game.

    Used for parameters, fields, updates, optimizer states and hyperparameters
    alike; a NamedTuple is a pytree, so `jax.tree.map` goes through it.

    Attributes:
      min: what belongs to the player who minimises the payoff (a generator).
      max: what belongs to the player who maximises it (a discriminator).
    """

    min: Any
    max: Any


class FieldFn(Protocol):
    """`field_fn(players, draw=0) -> Players`: the direction that methods descend.

    It returns `F(z) = (grad_x f, -grad_y f)` with the structure, shapes and dtypes
    of `players`. `draw` is the index of the call within the current update; 0 is
    the call whose result is passed to `update` as `updates`.
    """

    def __call__(self, players: Players, draw: Draw = 0, /) -> Players:
        """Returns the field at `players`."""
        ...


class PayoffFn(Protocol):
    """`payoff_fn(players, draw=0) -> scalar`: what one player minimises and the other maximises."""

    def __call__(self, players: Players, draw: Draw = 0, /) -> jax.Array:
        """Returns the payoff at `players`."""
        ...


def transformation(
    init_fn: Callable[..., Any], update_fn: Callable[..., Any]
) -> optax.GradientTransformationExtraArgs:
    """Pairs two functions whose states are typed more narrowly than Optax's own aliases."""
    return optax.GradientTransformationExtraArgs(init_fn, update_fn)
