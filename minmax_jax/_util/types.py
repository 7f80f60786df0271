"""The types `Players`, `FieldFn`, `PayoffFn` and `Microbatch`."""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp
import numpy as np
import optax

PyTree = Any
"""Any JAX pytree: dicts, tuples, Flax states, dataclasses."""


class Players(NamedTuple):
    """One value per player of a min-max game.

    The two values can be parameters, fields, updates, optimizer states or hyperparameters.
    As a NamedTuple, `Players` is a pytree, so `jax.tree.map` applies to it.

    Attributes:
      min: Value of the player that minimizes the payoff (for example, a generator).
      max: Value of the player that maximizes the payoff (for example, a discriminator).
    """

    min: Any
    max: Any


class Microbatch(NamedTuple):
    """Sample index that `minmax_jax.accumulate` passes to a payoff.

    Attributes:
      draw: Sample index of the evaluation within the update, or the PRNG key made from it.
      part: Index of the microbatch (int32 scalar, or the int 0 if there is only one).
    """

    draw: int | jax.Array
    part: int | jax.Array


Draw = int | jax.Array
"""Sample index: the index of an evaluation within one update, or a PRNG key made from it."""


class FieldFn(Protocol):
    """Vector field of a game, `field_fn(players, draw=0) -> Players`.

    It returns `F(z) = (grad_x f, -grad_y f)`, the direction that all methods descend, with
    the structure, shapes and dtypes of `players`. `draw` is the sample index: the index of
    the evaluation within the current update. Evaluation 0 is passed to `update` as
    `updates`.
    """

    # With `Any`, a function whose `draw` is annotated as an int, or as a key, is a field too.
    def __call__(self, players: Players, draw: Any = 0, /) -> Players:
        """Returns the field at `players`."""
        ...


class PayoffFn(Protocol):
    """Payoff of a game, `payoff_fn(players, draw=0) -> scalar`."""

    def __call__(self, players: Players, draw: Any = 0, /) -> jax.Array:
        """Returns the payoff at `players`."""
        ...


def transformation(
    init_fn: Callable[..., Any], update_fn: Callable[..., Any]
) -> optax.GradientTransformationExtraArgs:
    """Returns the gradient transformation of two functions, which may have any type annotations.

    Type checkers would reject functions of `Players` or of NamedTuple states, because Optax's type
    aliases for pytrees do not include them. Python numbers and NumPy arrays among the updates are
    converted to JAX arrays.
    """

    def update(updates: PyTree, *args: Any, **extra: Any) -> Any:
        return update_fn(jax.tree.map(_as_array, updates), *args, **extra)

    return optax.GradientTransformationExtraArgs(init_fn, update)


def _as_array(update: Any) -> Any:
    is_number = isinstance(update, int | float | np.ndarray | np.generic)
    return jnp.asarray(update) if is_number else update
