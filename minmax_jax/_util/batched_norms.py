"""Norms of many leaves on accelerators, with few kernels.

On a GPU, starting a kernel for a few numbers takes longer than the kernel. Each large leaf
therefore has one kernel, which sums its rows. All further sums, and all choices of a scale, are
computed for up to 30 leaves together.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from minmax_jax._util import sharding
from minmax_jax._util.blue import (
    ScaledNorm,
    add_along,
    choose_of_three,
    choose_of_two,
    squares,
    three_scales,
    two_scales,
)
from minmax_jax._util.trees import accumulator_dtype, widen
from minmax_jax._util.types import PyTree

_TERMS = 2**12
"""Number of terms per leaf up to which the terms of all leaves are summed together."""

_GROUP = 2**8
"""Number of sums of rows that are added at once if a leaf has more than `_TERMS` of them."""

_TOGETHER = 30
"""Largest number of leaves that are summed together. XLA gives a kernel at most 96 operands, and a
leaf may have three. With more leaves, each would have kernels of its own again."""

_ROWS = range(2**5, 2**13 + 1)
"""Lengths of rows. XLA's GPU backend adds up shorter ones slowly, and longer ones in two kernels.

A row has at most 2^13 elements, because a backend may add one number after another: one float32 sum
of 2^24 numbers would lose 5 %.
"""


def norms_together(leaves: Sequence[jax.Array], after: PyTree = ()) -> list[ScaledNorm]:
    """Returns the norms of leaves of any size, from three sums of squares per leaf.

    With arrays in `after`, the sums are computed in later kernels than these arrays.
    """
    dtypes = [accumulator_dtype(leaf.dtype) for leaf in leaves]
    late_ones: dict[Any, jax.Array | None] = {}

    def terms(leaf: jax.Array) -> jax.Array:
        axes = sharding.varying_axes(leaf)
        if axes not in late_ones:
            late_ones[axes] = _late_one(after, axes)
        return _terms_of_leaf(late_ones[axes], leaf)

    return _in_groups([(leaf,) for leaf in leaves], dtypes, terms, choose_of_three)


def _late_one(after: PyTree, axes: frozenset[Any]) -> jax.Array | None:
    """Returns a one that XLA computes after the arrays of `after`, or None if there are none.

    Sums of leaves times this one are computed later too. The leaves themselves are in no barrier,
    because XLA would then write those that are computed to memory. Arrays that vary over other
    axes than `axes` are left out, because the one would vary over these axes too.
    """
    arrays = [each for each in jax.tree.leaves(after) if sharding.varying_axes(each) <= axes]
    return lax.optimization_barrier((jnp.ones(()), arrays))[0] if arrays else None


def moderate_norms_together(
    compute: Callable[..., jax.Array], leaves: Sequence[tuple[jax.Array, ...]]
) -> list[ScaledNorm]:
    """Returns the norms of leaves that are computed elementwise, from two sums of squares per leaf.

    Norms above 1e25 are inf in float32. The leaves are not written to memory, and the sums are not
    computed in the kernels that write their inputs, which would be slower than two kernels.
    """

    def terms(*inputs: jax.Array) -> jax.Array:
        return _terms(lambda *rows: compute(*widen(rows)), two_scales, inputs)

    # One barrier per leaf, so that its inputs are still in the cache when they are read again.
    leaves = [lax.optimization_barrier(inputs) for inputs in leaves]
    dtypes = [jax.eval_shape(compute, *widen(inputs)).dtype for inputs in leaves]
    return _in_groups(leaves, dtypes, terms, choose_of_two)


def _in_groups(
    leaves: Sequence[tuple[jax.Array, ...]],
    dtypes: Sequence[Any],
    terms: Callable[..., jax.Array],
    choose: Callable[..., ScaledNorm],
) -> list[ScaledNorm]:
    """Returns the norms of all leaves, computed together for leaves of one accumulator dtype.

    In `shard_map`, a norm has to vary over the axes over which its own leaf varies, so leaves that
    vary over other axes are another group.
    """
    groups: dict[Any, list[int]] = {}
    for index, (inputs, dtype) in enumerate(zip(leaves, dtypes, strict=True)):
        groups.setdefault((dtype, sharding.varying_axes(inputs)), []).append(index)
    found = {}
    parts = [
        group[start : start + _TOGETHER]
        for group in groups.values()
        for start in range(0, len(group), _TOGETHER)
    ]
    for group in parts:
        norms = _norms_of_group([terms(*leaves[index]) for index in group], choose)
        found.update(zip(group, norms, strict=True))
    return [found[index] for index in range(len(leaves))]


def _norms_of_group(
    terms: Sequence[jax.Array], choose: Callable[..., ScaledNorm]
) -> list[ScaledNorm]:
    """Returns the norm of each leaf, given its terms for each scale, which are rows of an array."""
    most = max(each.shape[1] for each in terms)
    padded = [jnp.pad(each, ((0, 0), (0, most - each.shape[1]))) for each in terms]
    sums = jnp.sum(jnp.concatenate(padded), axis=1).reshape(len(terms), -1)
    norms = choose(*(sums[:, scale] for scale in range(sums.shape[1])))
    return [ScaledNorm(*each) for each in zip(*map(_numbers, norms), strict=True)]


def _numbers(vector: jax.Array) -> list[jax.Array]:
    """Returns the elements of a vector."""
    return [lax.index_in_dim(vector, index, keepdims=False) for index in range(vector.size)]


# jit caches one trace per leaf shape; models have many leaves but few distinct shapes.
@jax.jit
def _terms_of_leaf(one: jax.Array | None, leaf: jax.Array) -> jax.Array:
    def times_one(rows: jax.Array) -> jax.Array:
        rows = widen(rows)
        return rows if one is None else rows * one.astype(rows.dtype)

    return _terms(times_one, three_scales, (leaf,))


def _terms(
    compute: Callable[..., jax.Array],
    scales_of: Callable[[Any], Sequence[float]],
    inputs: Sequence[jax.Array],
) -> jax.Array:
    """Returns terms of the sum of squares of a leaf, with one row per scale.

    They are the squares of a small leaf, and the sums of the squares of the rows of a large one.
    """
    if inputs[0].size <= _TERMS:
        leaf = compute(*(each.reshape(-1) for each in inputs))
        return jnp.stack(squares(leaf, scales_of(leaf.dtype)))
    parts = []
    # The inputs are reshaped, because XLA would write a computed leaf that is reshaped to memory.
    for rows in zip(*map(_split_rows, inputs), strict=True):
        leaf = compute(*rows)
        sums = add_along(squares(leaf, scales_of(leaf.dtype)), (leaf.ndim - 1,))
        parts.append(jnp.stack([each.reshape(-1) for each in sums]))
    terms = jnp.concatenate(parts, axis=1)
    while terms.shape[1] > _TERMS:
        terms = jnp.pad(terms, ((0, 0), (0, -terms.shape[1] % _GROUP)))
        terms = jnp.sum(terms.reshape(terms.shape[0], -1, _GROUP), axis=2)
    return terms


def _split_rows(leaf: jax.Array) -> list[jax.Array]:
    """Splits a leaf into arrays whose last axis has a length in `_ROWS`, or is short."""
    if leaf.ndim and leaf.shape[-1] in _ROWS:
        return [leaf]
    length = _row_length(leaf.size)
    flat, whole = leaf.reshape(-1), leaf.size - leaf.size % length
    return [part for part in (flat[:whole].reshape(-1, length), flat[whole:]) if part.size]


@functools.cache
def _row_length(size: int) -> int:
    """Returns the length in `_ROWS` that divides `size` into about as many rows, if any."""
    if size in _ROWS:
        return size
    divisors = [length for length in _ROWS if size % length == 0]
    return min(divisors, key=lambda length: abs(length - size**0.5), default=_TERMS)
