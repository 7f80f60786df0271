"""What `optax.tree` lacks: norms that neither overflow nor underflow, and checks of trees.

The norm is Blue's (ACM TOMS 4, 1978; LAPACK 3.10 `nrm2`): three sums of squares,
of the elements that are too large to square, of those that are too small, scaled
by powers of two, and of all the others. One variadic `lax.reduce` forms the three
in a single pass over the data; as three `sum`s XLA reads the data three times.
"""

import functools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import lax

from minmax_jax._types import Players, PyTree


class ScaledNorm(NamedTuple):
    """A Euclidean norm `value / scale`, where `scale` is a power of two.

    Kept as two numbers because the norm of a tree of 1e38s has no float32, while
    `(leaf * scale) / value` is an ordinary division.

    Attributes:
      value: the norm times `scale`; zero exactly when every element is zero.
      scale: a power of two.
    """

    value: jax.Array
    scale: jax.Array


class _Sums(NamedTuple):
    """Sums of squares of big (scaled down), ordinary and small (scaled up) elements."""

    big: jax.Array
    mid: jax.Array
    small: jax.Array


class _Blue(NamedTuple):
    """Blue's constants: the thresholds and the scales of one floating point format."""

    small_below: float
    big_above: float
    scale_small: float
    scale_big: float


@functools.cache
def _blue_constants(dtype: Any) -> _Blue:
    info = jnp.finfo(dtype)
    digits, lowest, highest = info.nmant + 1, info.minexp + 1, info.maxexp
    return _Blue(
        small_below=2.0 ** math.ceil((lowest - 1) / 2),
        big_above=2.0 ** math.floor((highest - digits + 1) / 2),
        scale_small=2.0 ** -math.floor((lowest - digits) / 2),
        scale_big=2.0 ** -math.ceil((highest + digits - 1) / 2),
    )


def accumulator_dtype(dtype: Any) -> Any:
    """Returns the dtype in which norms of `dtype` are accumulated: float32 at least."""
    return jnp.promote_types(dtype, jnp.float32)


def _sums(leaf: jax.Array) -> _Sums:
    dtype = accumulator_dtype(leaf.dtype)
    blue = _blue_constants(dtype)
    size = jnp.abs(leaf).astype(dtype)  # the modulus of a complex number is real
    big, small = size > blue.big_above, size < blue.small_below
    square = jnp.square(
        size
        * jnp.where(big, blue.scale_big, jnp.where(small, blue.scale_small, 1.0)).astype(dtype)
    )
    zero = jnp.zeros((), dtype)
    parts = (
        jnp.where(big, square, zero),
        jnp.where(big | small, zero, square),  # NaN compares false twice and lands here
        jnp.where(small, square, zero),
    )
    add: Callable[..., Any] = lambda a, b: tuple(x + y for x, y in zip(a, b, strict=True))  # noqa: E731
    # Axis by axis, last first: partial sums keep the rounding error of a
    # float32 accumulator independent of the number of rows.
    return _Sums(*lax.reduce(parts, (zero, zero, zero), add, tuple(range(leaf.ndim))))
