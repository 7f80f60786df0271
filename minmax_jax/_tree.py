"""What `optax.tree` lacks: norms that neither overflow nor underflow, player by player.

The norm is Blue's (ACM TOMS 4, 1978; LAPACK 3.10 `nrm2`): three sums of squares,
of the elements that are too large to square, of those that are too small, scaled
by powers of two, and of all the others. One variadic `lax.reduce` forms the three
in a single pass over the data; as three `sum`s XLA reads the data three times. On a CPU
large trees try the plain sum of squares first, which is vectorised there.
"""

import functools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
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
    return dtype if jnp.finfo(dtype).bits > 32 else jnp.dtype(jnp.float32)


def _rows(leaf: jax.Array) -> list[jax.Array]:
    """Cuts a leaf into arrays with a short last axis, which together hold its elements.

    XLA adds up a variadic reduction one by one on a CPU: rows of at most 1,024 keep the
    rounding of a float32 norm below 1e-5, and 2^24 elements in a row would lose 5 %. A last
    axis that is short already is left alone, as a reshape may move sharded data.
    """
    if leaf.ndim and 32 <= leaf.shape[-1] <= 1024:
        return [leaf]
    flat = leaf.reshape(-1)
    whole = flat.size - flat.size % 256
    return [part for part in (flat[:whole].reshape(-1, 256), flat[whole:]) if part.size]


def _sums(leaf: jax.Array) -> _Sums:
    """Forms Blue's three sums of squares of one leaf in one pass over the data."""
    rows = [_row_sums(part) for part in _rows(leaf)]
    zero = jnp.zeros((), accumulator_dtype(leaf.dtype))
    return _Sums(
        *(sum((jnp.sum(part) for part in parts), zero) for parts in zip(*rows, strict=True))
    )


def _row_sums(rows: jax.Array) -> _Sums:
    dtype = accumulator_dtype(rows.dtype)
    blue = _blue_constants(dtype)
    size = jnp.abs(rows).astype(dtype)  # the modulus of a complex number is real
    big, small = size > blue.big_above, size < blue.small_below
    one, zero = jnp.ones((), dtype), jnp.zeros((), dtype)
    scale = jnp.where(big, blue.scale_big * one, jnp.where(small, blue.scale_small * one, one))
    # XLA rewrites (s c)(s c) as s² c² where it knows both (a constant field), which is 0 · inf.
    # It does not look through the minimum, which changes no square.
    square = jnp.square(jnp.minimum(size * scale, jnp.finfo(dtype).max.astype(dtype)))
    parts = (
        jnp.where(big, square, zero),
        jnp.where(big | small, zero, square),  # NaN compares false twice and lands here
        jnp.where(small, square, zero),
    )

    def add(a: Any, b: Any) -> Any:
        return tuple(x + y for x, y in zip(a, b, strict=True))

    return _Sums(*lax.reduce(parts, (zero, zero, zero), add, (rows.ndim - 1,)))


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
    return leaf_norms([leaf])[0]


def leaf_norms(tree: PyTree) -> list[ScaledNorm]:
    """Returns the Euclidean norm of every leaf of `tree`, in the order of its leaves."""
    leaves = [jnp.asarray(leaf) for leaf in jax.tree.leaves(tree)]

    def careful(leaves: list[jax.Array]) -> list[ScaledNorm]:
        return [_norm_of_sums(_sums(leaf)) for leaf in leaves]

    return _plain_where_safe(leaves, lambda squares: [*map(_plain_norm, squares)], careful)


def tree_norm(tree: PyTree) -> ScaledNorm:
    """Returns the Euclidean norm over all leaves of `tree`; of no leaves, zero."""
    leaves = [jnp.asarray(leaf) for leaf in jax.tree.leaves(tree)]
    if not leaves:
        return ScaledNorm(value=jnp.zeros(()), scale=jnp.ones(()))
    dtype = jnp.result_type(*(accumulator_dtype(leaf.dtype) for leaf in leaves))

    def plain(squares: list[jax.Array]) -> ScaledNorm:
        return _plain_norm(sum((s.astype(dtype) for s in squares), jnp.zeros((), dtype)))

    def careful(leaves: list[jax.Array]) -> ScaledNorm:
        if any(accumulator_dtype(leaf.dtype) != dtype for leaf in leaves):
            leaves = [leaf.astype(dtype) for leaf in leaves]  # all with one set of constants
        sums = map(_sums, leaves)
        return _norm_of_sums(functools.reduce(lambda a, b: _Sums(*map(jnp.add, a, b)), sums))

    return _plain_where_safe(leaves, plain, careful)


_PLAIN_FROM = 2**16
"""Elements from which the plain sum of squares is tried first on a CPU."""


def _plain_where_safe(
    leaves: list[jax.Array], plain: Callable[..., Any], careful: Callable[..., Any]
) -> Any:
    """Returns `plain(sums of squares)` where they can be trusted, otherwise `careful(leaves)`.

    XLA's CPU vectorises a plain sum and does not vectorise Blue's three, which take twice
    as long there. An accelerator waits for memory in both, and would stop for the branch.
    """
    if sum(leaf.size for leaf in leaves) < _PLAIN_FROM:
        return careful(leaves)

    def try_plain(leaves: list[jax.Array]) -> Any:
        squares = [_square_sum(leaf) for leaf in leaves]
        # In this range nothing has overflowed, and what underflowed (squares below 2^-126)
        # is less than rounding. NaN compares false, and so does a zero.
        safe = jnp.stack([(s > 2.0**-60) & (s < 2.0**100) for s in squares]).all()
        return lax.cond(safe, lambda: plain(squares), lambda: careful(leaves))

    return lax.platform_dependent(leaves, cpu=try_plain, default=careful)


def _square_sum(leaf: jax.Array) -> jax.Array:
    dtype = accumulator_dtype(leaf.dtype)
    parts = [jnp.sum(jnp.square(jnp.abs(rows).astype(dtype)), axis=-1) for rows in _rows(leaf)]
    return sum((jnp.sum(part) for part in parts), jnp.zeros((), dtype))


def _plain_norm(square: jax.Array) -> ScaledNorm:
    return ScaledNorm(value=_root(square), scale=jnp.ones((), square.dtype))


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


def inner(a: PyTree, b: PyTree) -> jax.Array:
    """Returns the inner product of two real trees, accumulated in float32 at least."""

    def wide(leaf: Any) -> jax.Array:
        leaf = jnp.asarray(leaf)
        return leaf.astype(accumulator_dtype(leaf.dtype))

    parts = jax.tree.leaves(jax.tree.map(lambda x, y: jnp.sum(wide(x) * wide(y)), a, b))
    dtype = jnp.result_type(*parts)
    return functools.reduce(jnp.add, [part.astype(dtype) for part in parts])


def each_player(function: Callable[..., Any], tree: PyTree, *rest: PyTree) -> PyTree:
    """Applies `function` to each player by itself, or to a tree that has no players as a whole."""
    if isinstance(tree, Players):
        return Players(*(function(*sides) for sides in zip(tree, *rest, strict=True)))
    return function(tree, *rest)
