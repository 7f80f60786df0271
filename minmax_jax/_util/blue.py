"""Blue's algorithm for the Euclidean norm, with three scaled sums of squares.

One variadic `lax.reduce` computes the sums of squares of the elements that are too large to
square, of the elements that are too small (both scaled by powers of two), and of all other
elements. It reads the data once; with three `sum`s, XLA would read it three times. See Blue, ACM
TOMS 4, 1978, and `nrm2` in LAPACK 3.10.
"""

import functools
import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from minmax_jax._util.trees import accumulator_dtype


class ScaledNorm(NamedTuple):
    """A Euclidean norm `value / scale`, where `scale` is a power of two.

    It has two parts because the norm of a tree with elements of 1e38 exceeds the largest
    float32, while `(leaf * scale) / value` is an ordinary division.

    Attributes:
      value: The norm times `scale`. It is zero exactly if all elements are zero.
      scale: A power of two.
    """

    value: jax.Array
    scale: jax.Array


class _Sums(NamedTuple):
    """Sums of squares of large (scaled down), ordinary and small (scaled up) elements."""

    big: jax.Array
    mid: jax.Array
    small: jax.Array


class _Blue(NamedTuple):
    """Blue's constants: thresholds and scales of one floating-point format."""

    small_below: float
    big_above: float
    scale_small: float
    scale_big: float


@functools.cache
def blue_constants(dtype: Any) -> _Blue:
    info = jnp.finfo(dtype)
    # LAPACK's DIGITS and MINEXPONENT are NumPy's nmant + 1 and minexp + 1.
    digits, lowest, highest = info.nmant + 1, info.minexp + 1, info.maxexp
    return _Blue(
        small_below=2.0 ** math.ceil((lowest - 1) / 2),
        big_above=2.0 ** math.floor((highest - digits + 1) / 2),
        scale_small=2.0 ** -math.floor((lowest - digits) / 2),
        scale_big=2.0 ** -math.ceil((highest + digits - 1) / 2),
    )


def split_rows(leaf: jax.Array) -> list[jax.Array]:
    """Splits a leaf into arrays with a last axis of at most 1,024 elements.

    XLA's CPU backend computes a variadic reduction sequentially. Rows of at most 1,024 elements
    keep the rounding error of a float32 norm below 1e-5; a row of 2^24 elements would lose 5 %.
    A last axis of 32 to 1,024 elements is kept, because a reshape may move sharded data. If a row
    length divides the size, the leaf is not sliced, because a slice would be a copy.
    """
    if leaf.ndim and 32 <= leaf.shape[-1] <= 1024:
        return [leaf]
    flat = leaf.reshape(-1)
    lengths = (*range(256, 31, -1), *range(257, 1025))
    row = next((row for row in lengths if flat.size % row == 0), 256)
    whole = flat.size - flat.size % row
    return [part for part in (flat[:whole].reshape(-1, row), flat[whole:]) if part.size]


def sums_of_squares(leaf: jax.Array) -> _Sums:
    """Returns the sums of squares of one leaf's large, ordinary and small elements.

    It reads the data once.
    """
    zero = jnp.zeros((), accumulator_dtype(leaf.dtype))
    total = _Sums(zero, zero, zero)
    for part in split_rows(leaf):
        total = _Sums(*(a + jnp.sum(b) for a, b in zip(total, _row_sums(part), strict=True)))
    return total


def _row_sums(rows: jax.Array) -> _Sums:
    dtype = accumulator_dtype(rows.dtype)
    blue = blue_constants(dtype)
    size = jnp.abs(rows).astype(dtype)  # The modulus of a complex number is real.
    big, small = size > blue.big_above, size < blue.small_below
    one, zero = jnp.ones((), dtype), jnp.zeros((), dtype)
    scale = jnp.where(big, blue.scale_big * one, jnp.where(small, blue.scale_small * one, one))
    square = jnp.square(safe_product(size, scale))
    parts = (
        jnp.where(big, square, zero),
        jnp.where(big | small, zero, square),  # NaN is added here: its comparisons are False.
        jnp.where(small, square, zero),
    )

    def add(a: Any, b: Any) -> Any:
        return tuple(x + y for x, y in zip(a, b, strict=True))

    return _Sums(*lax.reduce(parts, (zero, zero, zero), add, (rows.ndim - 1,)))


def safe_product(size: jax.Array, scale: jax.Array) -> jax.Array:
    """Returns `size · scale`, in a form that can be squared safely.

    If both factors are compile-time constants (a constant field), XLA rewrites (x s)(x s) as
    x² s², which may be 0 · inf. It does not rewrite through the `where`. The `where` limits the
    product to the largest finite number, whose square is inf, so the square does not change. A
    `minimum` is not an alternative, because on CPU it may return the other number if one is NaN.
    """
    most, product = jnp.finfo(size.dtype).max.astype(size.dtype), size * scale
    return jnp.where(product > most, most, product)


def norm_of_sums(sums: _Sums) -> ScaledNorm:
    """Returns `√(extreme + scale² · mid)` and `scale`.

    `extreme` is the sum of squares of the large elements if there are any, else of the small ones
    if mid < 2^-60, else 0. `scale` is the scale of that sum, or 1. The root is computed as a
    hypotenuse, because XLA folds `(mid * c) * c` into `mid * c²`, and c² may exceed the largest
    float32.
    """
    blue = blue_constants(sums.mid.dtype)
    one = jnp.ones((), sums.mid.dtype)
    overflows = sums.big > 0
    # Above 2^-60, the small elements are below half an ulp of the sum. For NaN this is False.
    underflows = ~overflows & (sums.mid < 2.0**-60)
    scale = jnp.where(
        overflows, blue.scale_big * one, jnp.where(underflows, blue.scale_small * one, one)
    )
    extreme = jnp.where(overflows, sums.big, jnp.where(underflows, sums.small, 0 * one))
    return ScaledNorm(_hypotenuse(root(extreme), root(sums.mid) * scale), scale)


def root(square: jax.Array) -> jax.Array:
    """Returns the square root, with derivative zero at zero.

    The test is `== 0`, because `> 0` would treat NaN as zero.
    """
    zero = square == 0
    return jnp.where(zero, 0, jnp.sqrt(jnp.where(zero, 1, square))).astype(square.dtype)


def _hypotenuse(a: jax.Array, b: jax.Array) -> jax.Array:
    """Returns `√(a² + b²)` of two nonnegative numbers, without squaring them."""
    longer, shorter = jnp.maximum(a, b), jnp.minimum(a, b)
    zero = longer == 0
    ratio = jnp.where(zero, 0, shorter / jnp.where(zero, 1, longer))
    return longer * jnp.sqrt(1 + jnp.square(ratio)).astype(a.dtype)
