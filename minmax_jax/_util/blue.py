"""Scaled sums of squares for Euclidean norms that neither overflow nor underflow.

One variadic `lax.reduce` computes the sums of the squares of all elements in several scales, which
are powers of two. At least one of the sums is accurate, and a comparison selects it. It reads the
data once. Blue (ACM TOMS 4, 1978, and `nrm2` in LAPACK 3.10) adds each element to one sum only; on
a GPU, XLA would write the comparisons that this requires to memory.
"""

import functools
import math
from collections.abc import Sequence
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
    if not flat.size:
        return [flat.reshape(0, 1)]  # Its sum is zero, and varies over the axes that the leaf does.
    lengths = (*range(256, 31, -1), *range(257, 1025))
    row = next((row for row in lengths if flat.size % row == 0), 256)
    whole = flat.size - flat.size % row
    return [part for part in (flat[:whole].reshape(-1, row), flat[whole:]) if part.size]


class _Ranges(NamedTuple):
    """Scales of the sums of squares of one floating-point format.

    Attributes:
      low: A sum of squares above it is accurate: squares that underflow are below half an ulp.
      high: A sum of unscaled squares below it did not overflow.
      up: Scale for elements whose unscaled sum is at most `low`.
      down: Scale for elements whose unscaled sum is at least `high`.
      slightly_down: Scale for computed elements, which are neither very large nor all small.
      mostly_up: Scale for elements whose sum at `slightly_down` is at most `low`.
    """

    low: float
    high: float
    up: float
    down: float
    slightly_down: float
    mostly_up: float


@functools.cache
def _ranges(dtype: Any) -> _Ranges:
    smallest = -int(jnp.finfo(dtype).minexp)  # In float32, the smallest normal number is 2^-126.
    up = smallest * 16 // 25
    # In float32 the exponents are -60, 100, 80, -80, -20 and 60.
    exponents = 3 - smallest // 2, smallest * 4 // 5, up, -up, -(up // 4), up - up // 4
    return _Ranges(*(2.0**exponent for exponent in exponents))


def three_scales(dtype: Any) -> tuple[float, float, float]:
    """Returns the scales whose sums `choose_of_three` takes, for leaves of a dtype."""
    ranges = _ranges(accumulator_dtype(dtype))
    return 1.0, ranges.up, ranges.down


def two_scales(dtype: Any) -> tuple[float, float]:
    """Returns the scales whose sums `choose_of_two` takes, for leaves of a dtype."""
    ranges = _ranges(accumulator_dtype(dtype))
    return ranges.slightly_down, ranges.mostly_up


def choose_of_three(mid: jax.Array, small: jax.Array, big: jax.Array) -> ScaledNorm:
    """Returns norms, given the sums of squares in `three_scales`: numbers, or one per norm."""
    ranges = _ranges(mid.dtype)
    # Both comparisons are False for NaN, which `mid` keeps.
    is_big, is_small, one = mid > ranges.high, mid < ranges.low, jnp.ones((), mid.dtype)
    scale = jnp.where(is_big, ranges.down * one, jnp.where(is_small, ranges.up * one, one))
    return ScaledNorm(root(jnp.where(is_big, big, jnp.where(is_small, small, mid))), scale)


def choose_of_two(mid: jax.Array, small: jax.Array) -> ScaledNorm:
    """Returns norms, given the sums of squares in `two_scales`: numbers, or one per norm."""
    ranges = _ranges(mid.dtype)
    is_small, one = mid < ranges.low, jnp.ones((), mid.dtype)
    scale = jnp.where(is_small, ranges.mostly_up * one, ranges.slightly_down * one)
    return ScaledNorm(root(jnp.where(is_small, small, mid)), scale)


def norm_in_one_pass(*leaves: jax.Array) -> ScaledNorm:
    """Returns the norm of leaves of one dtype, from three sums of squares."""
    sums = [_sums_of_squares(leaf, three_scales(leaf.dtype)) for leaf in leaves]
    return choose_of_three(*(functools.reduce(jnp.add, parts) for parts in zip(*sums, strict=True)))


def moderate_norm_in_one_pass(leaf: jax.Array) -> ScaledNorm:
    """Returns the norm of one leaf with elements below 1e25, from two sums of squares.

    For leaves that are themselves computed, three sums can exceed the size up to which XLA's GPU
    backend computes them together with the leaf. Norms above 1e25 are inf in float32.
    """
    # All axes at once, because XLA would write a leaf that is reshaped before it is summed.
    parts = squares(leaf, two_scales(leaf.dtype))
    return choose_of_two(*add_along(parts, tuple(range(leaf.ndim))))


def _sums_of_squares(leaf: jax.Array, scales: Sequence[float]) -> tuple[jax.Array, ...]:
    """Returns the sum of the squares of `scale · leaf` for each scale, reading the leaf once."""
    dtype = accumulator_dtype(leaf.dtype)
    totals = (jnp.zeros((), dtype),) * len(scales)
    for rows in split_rows(leaf):
        sums = add_along(squares(rows, scales), (rows.ndim - 1,))
        # A long sequence of additions to one number would lose accuracy, so rows are added in
        # groups of 256 first.
        if sums[0].size > 1024:
            pad = -sums[0].size % 256
            sums = [jnp.pad(each.reshape(-1), (0, pad)).reshape(-1, 256) for each in sums]
            sums = add_along(sums, (1,))
        sums = add_along(sums, tuple(range(sums[0].ndim)))
        totals = tuple(jnp.add(a, b) for a, b in zip(totals, sums, strict=True))
    return totals


def squares(leaf: jax.Array, scales: Sequence[float]) -> tuple[jax.Array, ...]:
    """Returns the squares of `scale · leaf` for each scale, in float32 or wider."""
    size = jnp.abs(leaf).astype(accumulator_dtype(leaf.dtype))
    return tuple(jnp.square(_in_scale(size, scale)) for scale in scales)


def add_along(parts: Sequence[jax.Array], axes: tuple[int, ...]) -> tuple[jax.Array, ...]:
    """Returns the sums of several arrays along some axes, computed together."""

    def add(a: Any, b: Any) -> Any:
        return tuple(x + y for x, y in zip(a, b, strict=True))

    zeros = (jnp.zeros((), parts[0].dtype),) * len(parts)
    return tuple(lax.reduce(tuple(parts), zeros, add, axes))


def _in_scale(size: jax.Array, scale: float) -> jax.Array:
    if scale == 1:
        return size
    # Elements enlarged by `scale` matter only if they are small. The limit keeps the derivatives
    # of their squares finite where they do not matter.
    most = jnp.finfo(size.dtype).max if scale < 1 else 2.0 ** (jnp.finfo(size.dtype).maxexp // 2)
    return safe_product(size, jnp.asarray(scale, size.dtype), float(most))


def safe_product(size: jax.Array, scale: jax.Array, most: float | None = None) -> jax.Array:
    """Returns `size · scale`, limited to `most`, in a form that can be squared safely.

    XLA rewrites (x s)(x s) as x² s² if the scale is a constant, and x² s² may be 0 · inf. It does
    not rewrite through the `where`. By default, the `where` limits the product to the largest
    finite number, whose square is inf, so the square does not change. A `minimum` is not an
    alternative, because on CPU it may return the other number if one is NaN.
    """
    limit = jnp.asarray(jnp.finfo(size.dtype).max if most is None else most, size.dtype)
    product = size * scale
    return jnp.where(product > limit, limit, product)


def root(square: jax.Array) -> jax.Array:
    """Returns the square root, with derivative zero at zero.

    The test is `== 0`, because `> 0` would treat NaN as zero.
    """
    zero = square == 0
    return jnp.where(zero, 0, jnp.sqrt(jnp.where(zero, 1, square))).astype(square.dtype)
