"""What `optax.tree` lacks: norms that neither overflow nor underflow, player by player.

The norm is Blue's (ACM TOMS 4, 1978; LAPACK 3.10 `nrm2`): three sums of squares,
of the elements that are too large to square, of those that are too small, scaled
by powers of two, and of all the others. One variadic `lax.reduce` forms the three
in a single pass over the data; as three `sum`s XLA reads the data three times. XLA's CPU vectorises
plain sums alone: there the plain sum of squares comes first, and where it has over- or
underflowed the largest element is looked for and the squares are summed in its scale.
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


def _rows(leaf: jax.Array) -> list[jax.Array]:
    """Cuts a leaf into arrays with a short last axis, which together hold its elements.

    XLA adds up a variadic reduction one by one on a CPU: rows of at most 1,024 keep the
    rounding of a float32 norm below 1e-5, and 2^24 elements in a row would lose 5 %. A last
    axis that is short already is left alone, as a reshape may move sharded data, and a size
    that rows divide is not sliced, which would be a copy.
    """
    if leaf.ndim and 32 <= leaf.shape[-1] <= 1024:
        return [leaf]
    flat = leaf.reshape(-1)
    lengths = (*range(256, 31, -1), *range(257, 1025))
    row = next((row for row in lengths if flat.size % row == 0), 256)
    whole = flat.size - flat.size % row
    return [part for part in (flat[:whole].reshape(-1, row), flat[whole:]) if part.size]


def _sums(leaf: jax.Array) -> _Sums:
    """Forms Blue's three sums of squares of one leaf in one pass over the data."""
    zero = jnp.zeros((), accumulator_dtype(leaf.dtype))
    total = _Sums(zero, zero, zero)
    for part in _rows(leaf):
        total = _Sums(*(a + jnp.sum(b) for a, b in zip(total, _row_sums(part), strict=True)))
    return total


def _row_sums(rows: jax.Array) -> _Sums:
    dtype = accumulator_dtype(rows.dtype)
    blue = _blue_constants(dtype)
    size = jnp.abs(rows).astype(dtype)  # the modulus of a complex number is real
    big, small = size > blue.big_above, size < blue.small_below
    one, zero = jnp.ones((), dtype), jnp.zeros((), dtype)
    scale = jnp.where(big, blue.scale_big * one, jnp.where(small, blue.scale_small * one, one))
    square = jnp.square(_times(size, scale))
    parts = (
        jnp.where(big, square, zero),
        jnp.where(big | small, zero, square),  # NaN compares false twice and lands here
        jnp.where(small, square, zero),
    )

    def add(a: Any, b: Any) -> Any:
        return tuple(x + y for x, y in zip(a, b, strict=True))

    return _Sums(*lax.reduce(parts, (zero, zero, zero), add, (rows.ndim - 1,)))


def _times(size: jax.Array, scale: jax.Array) -> jax.Array:
    """`size · scale`, to be squared.

    XLA rewrites (x s)(x s) as x² s² where it knows both (a constant field), which is 0 · inf.
    It does not look through the choice, which changes no square. Not a `minimum`: that of
    XLA's CPU is the other number where one is NaN.
    """
    most, product = jnp.finfo(size.dtype).max.astype(size.dtype), size * scale
    return jnp.where(product > most, most, product)


def _norm_of_sums(sums: _Sums) -> ScaledNorm:
    """Joins the three sums: `√(extreme + mid)` in the scale of the extreme one.

    Joined as a hypotenuse: XLA folds `(mid * c) * c` into `mid * c²`, and c² has no float32.
    """
    blue = _blue_constants(sums.mid.dtype)
    one = jnp.ones((), sums.mid.dtype)
    overflows = sums.big > 0
    # Beyond 2^-60 the small elements are below half an ulp of the sum; NaN compares false.
    underflows = ~overflows & (sums.mid < 2.0**-60)
    scale = jnp.where(
        overflows, blue.scale_big * one, jnp.where(underflows, blue.scale_small * one, one)
    )
    extreme = jnp.where(overflows, sums.big, jnp.where(underflows, sums.small, 0 * one))
    return ScaledNorm(_hypotenuse(_root(extreme), _root(sums.mid) * scale), scale)


def _root(square: jax.Array) -> jax.Array:
    """The square root, with derivative zero at zero (`> 0` would call NaN a zero)."""
    zero = square == 0
    return jnp.where(zero, 0, jnp.sqrt(jnp.where(zero, 1, square))).astype(square.dtype)


def _hypotenuse(a: jax.Array, b: jax.Array) -> jax.Array:
    """`√(a² + b²)` of two numbers that are not negative, without squaring them."""
    longer, shorter = jnp.maximum(a, b), jnp.minimum(a, b)
    zero = longer == 0
    ratio = jnp.where(zero, 0, shorter / jnp.where(zero, 1, longer))
    return longer * jnp.sqrt(1 + jnp.square(ratio)).astype(a.dtype)


def leaf_norm(leaf: Any) -> ScaledNorm:
    """Returns the Euclidean norm of one array, accumulated in float32 at least."""
    return _leaf_norm(jnp.asarray(leaf))


def leaf_norms(tree: PyTree, again: Callable[[], PyTree] | None = None) -> list[ScaledNorm]:
    """Returns the Euclidean norm of every leaf of `tree`, in the order of its leaves.

    Args:
      tree: of float arrays.
      again: makes `tree` once more. With it a CPU need not write down a tree of which nothing
        but the norms is used: only where plain sums cannot be trusted is it made again.
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
    """Returns the Euclidean norm over all leaves of `tree`; of no leaves, zero."""
    return joined(leaf_norms(tree))


def joined(norms: Sequence[ScaledNorm]) -> ScaledNorm:
    """Returns the norm of a tree, given those of its leaves."""
    if not norms:
        return ScaledNorm(value=jnp.zeros(()), scale=jnp.ones(()))
    dtype = jnp.result_type(*(norm.value for norm in norms))
    values, scales = (jnp.stack([x.astype(dtype) for x in of]) for of in zip(*norms, strict=True))
    # All in the smallest scale, that of the largest elements; a zero has none.
    scales = jnp.where(values == 0, jnp.max(scales), scales)
    scale = jnp.min(scales)
    return ScaledNorm(_root(jnp.sum(jnp.square(values * (scale / scales)))), scale)


@jax.jit  # traced once for each shape: a model's thousand leaves have few
def _leaf_norm(leaf: jax.Array) -> ScaledNorm:
    """By the backend's form: an accelerator waits for memory, a CPU vectorises plain sums alone."""
    return lax.platform_dependent(leaf, cpu=_norm_on_cpu, default=_norm_in_one_pass)


def _norm_in_one_pass(leaf: jax.Array) -> ScaledNorm:
    return _norm_of_sums(_sums(leaf))


_PLAIN_FROM = 2**12
"""Elements from which the plain sum of squares is tried first on a CPU."""


def _norm_on_cpu(leaf: jax.Array) -> ScaledNorm:
    """The plain sum of squares where it can be trusted, else one pass more, for the scale."""
    if leaf.size < _PLAIN_FROM:
        return _norm_in_two_passes(leaf)
    square = _plain_square_sum(leaf)
    return lax.cond(
        _is_safe(square), lambda: _plain_norm(square), lambda: _norm_in_two_passes(leaf)
    )


def _plain_square_sum(leaf: jax.Array) -> jax.Array:
    # Behind the barrier the squares are formed in the sum: else XLA shares them with the second
    # moment of an Adam-type method, and writes the whole array of them to memory.
    return _square_sum(lax.optimization_barrier(leaf), lambda size: size)


def _is_safe(square: jax.Array) -> jax.Array:
    """Whether nothing has overflowed, and what underflowed is less than rounding.

    Squares below 2^-126 do. NaN compares false, and so does a zero.
    """
    return (square > 2.0**-60) & (square < 2.0**100)


def _plain_norm(square: jax.Array) -> ScaledNorm:
    one = jnp.ones((), square.dtype)
    # Chosen by `square`, so that it varies over the axes of a `shard_map` as the careful one does.
    return ScaledNorm(value=_root(square), scale=jnp.where(_is_safe(square), one, one))


def _norm_in_two_passes(leaf: jax.Array) -> ScaledNorm:
    """The largest element chooses the scale in which the squares are summed."""
    dtype = accumulator_dtype(leaf.dtype)
    blue, one = _blue_constants(dtype), jnp.ones((), dtype)
    # Behind the barrier, lest XLA write |x| down to share it with the squares.
    largest = jnp.max(jnp.abs(lax.optimization_barrier(leaf)), initial=0).astype(dtype)
    # 2^23 above Blue's threshold: what then underflows is below half an ulp of the sum.
    small = largest < blue.small_below * 2.0**23
    scale = jnp.where(
        largest > blue.big_above, blue.scale_big * one, jnp.where(small, blue.scale_small, one)
    )
    return ScaledNorm(_root(_square_sum(leaf, lambda size: _times(size, scale))), scale)


def _square_sum(leaf: jax.Array, scaled: Callable[[jax.Array], jax.Array]) -> jax.Array:
    """The sum of the squares of `scaled(|x|)`, first of each row and then of rows."""
    dtype = accumulator_dtype(leaf.dtype)
    squares = [jnp.square(scaled(jnp.abs(rows).astype(dtype))) for rows in _rows(leaf)]
    rows = [jnp.sum(jnp.sum(square, axis=-1)) for square in squares]
    return sum(rows, jnp.zeros((), dtype))


def norm(tree: PyTree) -> jax.Array:
    """Returns the Euclidean norm of `tree` as one number (inf where no float holds it)."""
    scaled = tree_norm(tree)
    return scaled.value / scaled.scale


def unit(leaf: Any, by: ScaledNorm) -> jax.Array:
    """Returns `leaf / norm`, zero where the norm is zero, in the accumulator's dtype."""
    leaf = jnp.asarray(leaf)
    if jnp.issubdtype(leaf.dtype, jnp.floating):
        leaf = leaf.astype(accumulator_dtype(leaf.dtype))
    zero = by.value == 0
    inverse = jnp.where(zero, 0, 1 / jnp.where(zero, 1, by.value)).astype(by.value.dtype)
    return (leaf * by.scale.astype(leaf.dtype)) * inverse.astype(leaf.dtype)
