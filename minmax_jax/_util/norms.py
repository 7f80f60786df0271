"""Euclidean norms that neither overflow nor underflow.

The algorithm is Blue's (ACM TOMS 4, 1978; LAPACK 3.10 `nrm2`). It computes three sums of
squares: of the elements that are too large to square, of the elements that are too small (both
scaled by powers of two), and of all other elements. One variadic `lax.reduce` computes the three
sums in a single pass over the data; with three `sum`s, XLA would read the data three times.

XLA's CPU backend vectorizes plain sums only. There, the plain sum of squares is tried first. If
it overflows or underflows, the largest element is computed, and the squares are summed in its
scale.
"""

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from minmax_jax._util.trees import accumulator_dtype
from minmax_jax._util.types import PyTree


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
def _blue_constants(dtype: Any) -> _Blue:
    info = jnp.finfo(dtype)
    digits, lowest, highest = info.nmant + 1, info.minexp + 1, info.maxexp
    return _Blue(
        small_below=2.0 ** math.ceil((lowest - 1) / 2),
        big_above=2.0 ** math.floor((highest - digits + 1) / 2),
        scale_small=2.0 ** -math.floor((lowest - digits) / 2),
        scale_big=2.0 ** -math.ceil((highest + digits - 1) / 2),
    )


def _rows(leaf: jax.Array) -> list[jax.Array]:
    """Splits a leaf into arrays with a short last axis, which together contain its elements.

    XLA's CPU backend computes a variadic reduction sequentially. Rows of at most 1,024 elements
    keep the rounding error of a float32 norm below 1e-5; a row of 2^24 elements would lose 5 %.
    A short last axis is not reshaped, because a reshape may move sharded data. If a row length
    divides the size, the leaf is not sliced, because a slice would be a copy.
    """
    if leaf.ndim and 32 <= leaf.shape[-1] <= 1024:
        return [leaf]
    flat = leaf.reshape(-1)
    lengths = (*range(256, 31, -1), *range(257, 1025))
    row = next((row for row in lengths if flat.size % row == 0), 256)
    whole = flat.size - flat.size % row
    return [part for part in (flat[:whole].reshape(-1, row), flat[whole:]) if part.size]


def _sums(leaf: jax.Array) -> _Sums:
    """Returns Blue's three sums of squares of one leaf, in one pass over the data."""
    zero = jnp.zeros((), accumulator_dtype(leaf.dtype))
    total = _Sums(zero, zero, zero)
    for part in _rows(leaf):
        total = _Sums(*(a + jnp.sum(b) for a, b in zip(total, _row_sums(part), strict=True)))
    return total


def _row_sums(rows: jax.Array) -> _Sums:
    dtype = accumulator_dtype(rows.dtype)
    blue = _blue_constants(dtype)
    size = jnp.abs(rows).astype(dtype)  # The modulus of a complex number is real.
    big, small = size > blue.big_above, size < blue.small_below
    one, zero = jnp.ones((), dtype), jnp.zeros((), dtype)
    scale = jnp.where(big, blue.scale_big * one, jnp.where(small, blue.scale_small * one, one))
    square = jnp.square(_times(size, scale))
    parts = (
        jnp.where(big, square, zero),
        jnp.where(big | small, zero, square),  # Comparisons with NaN are False, so NaN goes here.
        jnp.where(small, square, zero),
    )

    def add(a: Any, b: Any) -> Any:
        return tuple(x + y for x, y in zip(a, b, strict=True))

    return _Sums(*lax.reduce(parts, (zero, zero, zero), add, (rows.ndim - 1,)))


def _times(size: jax.Array, scale: jax.Array) -> jax.Array:
    """Returns `size · scale`, in a form that can be squared safely.

    If XLA knows both factors (a constant field), it rewrites (x s)(x s) as x² s², which may be
    0 · inf. It does not rewrite through the `where`, which does not change the result. A
    `minimum` would, because XLA's CPU backend returns the other number if one is NaN.
    """
    most, product = jnp.finfo(size.dtype).max.astype(size.dtype), size * scale
    return jnp.where(product > most, most, product)


def _norm_of_sums(sums: _Sums) -> ScaledNorm:
    """Combines the three sums to `√(extreme + mid)`, in the scale of the extreme sum.

    The combination is a hypotenuse, because XLA folds `(mid * c) * c` into `mid * c²`, and c²
    may exceed the largest float32.
    """
    blue = _blue_constants(sums.mid.dtype)
    one = jnp.ones((), sums.mid.dtype)
    overflows = sums.big > 0
    # Above 2^-60, the small elements are below half an ulp of the sum. For NaN this is False.
    underflows = ~overflows & (sums.mid < 2.0**-60)
    scale = jnp.where(
        overflows, blue.scale_big * one, jnp.where(underflows, blue.scale_small * one, one)
    )
    extreme = jnp.where(overflows, sums.big, jnp.where(underflows, sums.small, 0 * one))
    return ScaledNorm(_hypotenuse(_root(extreme), _root(sums.mid) * scale), scale)


def _root(square: jax.Array) -> jax.Array:
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


def leaf_norm(leaf: Any) -> ScaledNorm:
    """Returns the Euclidean norm of one array, accumulated in float32 or wider."""
    return _leaf_norm(jnp.asarray(leaf))


def leaf_norms(tree: PyTree, again: Callable[[], PyTree] | None = None) -> list[ScaledNorm]:
    """Returns the Euclidean norm of every leaf of `tree`, in the order of its leaves.

    Args:
      tree: Pytree of float arrays.
      again: Function that computes `tree` again. If only the norms of `tree` are used, XLA's
        CPU backend then does not write it to memory. It is computed again only if the plain
        sums overflow or underflow.
    """
    leaves = [jnp.asarray(leaf) for leaf in jax.tree.leaves(tree)]
    if again is None or not leaves:
        return [_leaf_norm(leaf) for leaf in leaves]

    def on_cpu(leaves: list[jax.Array]) -> list[ScaledNorm]:
        squares = [_plain_square_sum(leaf) for leaf in leaves]
        return lax.cond(
            jnp.stack([_is_safe(square) for square in squares]).all(),
            lambda: [_plain_norm(square) for square in squares],
            lambda: [_norm_in_two_passes(leaf) for leaf in jax.tree.leaves(again())],
        )

    return lax.platform_dependent(
        leaves, cpu=on_cpu, default=lambda leaves: [*map(_norm_in_one_pass, leaves)]
    )


def tree_norm(tree: PyTree) -> ScaledNorm:
    """Returns the Euclidean norm over all leaves of `tree`, or zero if it has no leaves."""
    return joined(leaf_norms(tree))


def joined(norms: Sequence[ScaledNorm]) -> ScaledNorm:
    """Returns the norm of a tree, given the norms of its leaves."""
    if not norms:
        return ScaledNorm(value=jnp.zeros(()), scale=jnp.ones(()))
    dtype = jnp.result_type(*(norm.value for norm in norms))
    values, scales = (jnp.stack([x.astype(dtype) for x in of]) for of in zip(*norms, strict=True))
    # Use the smallest scale, which belongs to the largest elements. Zeros have no scale.
    scales = jnp.where(values == 0, jnp.max(scales), scales)
    scale = jnp.min(scales)
    return ScaledNorm(_root(jnp.sum(jnp.square(values * (scale / scales)))), scale)


# jit caches one trace per leaf shape; models have many leaves but few distinct shapes.
@jax.jit
def _leaf_norm(leaf: jax.Array) -> ScaledNorm:
    """Returns the norm of one leaf, by the algorithm that suits the backend."""
    return lax.platform_dependent(leaf, cpu=_norm_on_cpu, default=_norm_in_one_pass)


def _norm_in_one_pass(leaf: jax.Array) -> ScaledNorm:
    return _norm_of_sums(_sums(leaf))


_PLAIN_FROM = 2**12
"""Number of elements from which the plain sum of squares is tried first on CPU."""


def _norm_on_cpu(leaf: jax.Array) -> ScaledNorm:
    """Returns the norm from the plain sum of squares if that is safe, otherwise in two passes."""
    if leaf.size < _PLAIN_FROM:
        return _norm_in_two_passes(leaf)
    square = _plain_square_sum(leaf)
    return lax.cond(
        _is_safe(square), lambda: _plain_norm(square), lambda: _norm_in_two_passes(leaf)
    )


def _plain_square_sum(leaf: jax.Array) -> jax.Array:
    # The barrier makes XLA compute the squares inside the sum. Without it, XLA would share them
    # with the second moment of an Adam-type method and write all squares to memory.
    return _square_sum(lax.optimization_barrier(leaf), lambda size: size)


def _is_safe(square: jax.Array) -> jax.Array:
    """Returns whether a sum of squares did not overflow, and underflow is below rounding.

    Squares below 2^-126 underflow. The result is False for NaN and for zero.
    """
    return (square > 2.0**-60) & (square < 2.0**100)


def _plain_norm(square: jax.Array) -> ScaledNorm:
    one = jnp.ones((), square.dtype)
    # The scale depends on `square`, so that it varies over the axes of a `shard_map`, as the
    # scale of the two-pass norm does.
    return ScaledNorm(value=_root(square), scale=jnp.where(_is_safe(square), one, one))


def _norm_in_two_passes(leaf: jax.Array) -> ScaledNorm:
    """Returns the norm, with squares summed in a scale chosen from the largest element."""
    dtype = accumulator_dtype(leaf.dtype)
    blue, one = _blue_constants(dtype), jnp.ones((), dtype)
    # The barrier keeps XLA from writing |x| to memory to share it with the squares.
    largest = jnp.max(jnp.abs(lax.optimization_barrier(leaf)), initial=0).astype(dtype)
    # 2^23 above Blue's threshold, elements that underflow are below half an ulp of the sum.
    small = largest < blue.small_below * 2.0**23
    scale = jnp.where(
        largest > blue.big_above, blue.scale_big * one, jnp.where(small, blue.scale_small, one)
    )
    return ScaledNorm(_root(_square_sum(leaf, lambda size: _times(size, scale))), scale)


def _square_sum(leaf: jax.Array, scaled: Callable[[jax.Array], jax.Array]) -> jax.Array:
    """Returns the sum of the squares of `scaled(|x|)`, summed within rows first."""
    dtype = accumulator_dtype(leaf.dtype)
    squares = [jnp.square(scaled(jnp.abs(rows).astype(dtype))) for rows in _rows(leaf)]
    rows = [jnp.sum(jnp.sum(square, axis=-1)) for square in squares]
    return sum(rows, jnp.zeros((), dtype))


def norm(tree: PyTree) -> jax.Array:
    """Returns the Euclidean norm of `tree` as one number, which is inf if it overflows."""
    scaled = tree_norm(tree)
    return scaled.value / scaled.scale


def unit(leaf: Any, by: ScaledNorm) -> jax.Array:
    """Returns `leaf / norm` in the accumulator dtype, or zero if the norm is zero."""
    leaf = jnp.asarray(leaf)
    if jnp.issubdtype(leaf.dtype, jnp.floating):
        leaf = leaf.astype(accumulator_dtype(leaf.dtype))
    zero = by.value == 0
    inverse = jnp.where(zero, 0, 1 / jnp.where(zero, 1, by.value)).astype(by.value.dtype)
    return (leaf * by.scale.astype(leaf.dtype)) * inverse.astype(leaf.dtype)
