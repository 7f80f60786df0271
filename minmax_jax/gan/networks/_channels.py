"""Sums over all positions of a channel, split over the thread blocks of a GPU.

XLA sums the columns of a matrix with at most 8192 rows in one thread block per 32 columns, and
fuses the elementwise operations around the sum into the same few blocks. With 32 channels, one of
132 multiprocessors works. The sums here have two stages for so few rows: over the examples, and
then over the pixels. In reverse mode, the same sums occur as transposes of broadcasts.
"""

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jax.custom_derivatives import SymbolicZero

MANY_ROWS = 8192
"""Number of rows above which XLA splits a sum by itself."""


def channel_sum(parts: jax.Array) -> jax.Array:
    """Sums over examples and pixels: `(parts, examples, ..., channels)` to `(parts, channels)`."""
    inner = tuple(range(1, parts.ndim - 1))
    if not _has_two_stages(parts.shape):
        return jnp.sum(parts, inner)
    return jnp.sum(lax.optimization_barrier(jnp.sum(parts, 1)), inner[:-1])


def spread(values: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    """Broadcasts `(parts, channels)` against `shape`, so that the transpose is `channel_sum`."""
    ones = [1] * (len(shape) - 2)
    values = values.reshape(values.shape[0], *ones, values.shape[-1])
    if not _has_two_stages(shape):
        return values
    image = jnp.broadcast_to(values[:, 0], (values.shape[0], *shape[2:]))
    return lax.optimization_barrier(image)[:, None]


def is_zero(tangent: Any) -> bool:
    """Returns whether a tangent is zero because its primal value is constant."""
    return isinstance(tangent, SymbolicZero)


@jax.custom_jvp
def add_bias(inputs: jax.Array, bias: jax.Array) -> jax.Array:
    """Adds `(channels,)` to `(examples, ..., channels)`."""
    return inputs + bias


def _add_bias_jvp(primals: Any, tangents: Any) -> tuple[jax.Array, Any]:
    outputs, (moved, bias) = add_bias(*primals), tangents
    if is_zero(bias):
        return outputs, moved
    added = spread(bias[None], (1, *outputs.shape))[0]
    return outputs, jnp.broadcast_to(added, outputs.shape) if is_zero(moved) else moved + added


add_bias.defjvp(_add_bias_jvp, symbolic_zeros=True)


def _has_two_stages(shape: tuple[int, ...]) -> bool:
    pixels = shape[2:-1]
    rows = shape[1]
    for side in pixels:
        rows *= side
    return len(pixels) > 0 and rows <= MANY_ROWS
