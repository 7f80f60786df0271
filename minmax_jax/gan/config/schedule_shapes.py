"""Shapes of schedules, as functions that fall from 1 to 0."""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import optax

from minmax_jax.gan.base.registry import Registry

Schedule = Callable[[Any], Any]
"""An Optax schedule: function from the number of updates so far to a scalar."""

ShapeFn = Callable[[float], Schedule]
"""`shape_fn(length) -> schedule`, with a schedule that starts at 1 and is 0 from `length` on.

`length` is a number of updates, which need not be an integer if it was given in images."""


def constant(length: float) -> Schedule:
    """Returns the schedule that stays 1."""
    del length
    return optax.constant_schedule(1.0)


def linear(length: float) -> Schedule:
    """Returns the schedule `1 − n / length`."""
    return optax.linear_schedule(1.0, 0.0, length)  # pyright: ignore[reportArgumentType]


def cosine(length: float) -> Schedule:
    """Returns the schedule `½ (1 + cos(π n / length))`.

    References:
      Loshchilov, Hutter, `SGDR: Stochastic Gradient Descent with Warm Restarts
      <https://arxiv.org/abs/1608.03983>`_, 2017, equation 5.
    """
    return optax.cosine_decay_schedule(1.0, length)  # pyright: ignore[reportArgumentType]


def step(length: float) -> Schedule:
    """Returns the schedule that jumps from 1 to 0 at `length`."""
    return lambda count: jnp.where(jnp.asarray(count) < length, 1.0, 0.0)


SCHEDULES: Registry[ShapeFn] = Registry(
    "schedule", {"constant": constant, "linear": linear, "cosine": cosine, "step": step}
)
"""Maps the name of a shape to its function."""
