"""Euclidean norms that neither overflow nor underflow.

Accelerators use sums of squares in several scales, which need one pass over the data; where leaves
are not divided among devices, the norms of several leaves are computed together. XLA's CPU backend
vectorizes plain sums only. There, a norm takes two passes: the first finds the largest element, the
second sums the squares in a scale chosen from it. For leaves of at least `_PLAIN_FROM` elements,
and for all leaves in `computed_norms`, the plain sum of squares is tried first. The two passes then
follow only if that sum is not safe from overflow and underflow.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jax.core import Tracer

from minmax_jax._util import sharding
from minmax_jax._util.batched_norms import moderate_norms_together, norms_together
from minmax_jax._util.blue import (
    ScaledNorm,
    blue_constants,
    moderate_norm_in_one_pass,
    norm_in_one_pass,
    root,
    safe_product,
    split_rows,
)
from minmax_jax._util.trees import accumulator_dtype, widen
from minmax_jax._util.types import PyTree


def leaf_norm(leaf: Any) -> ScaledNorm:
    """Returns the Euclidean norm of one array, accumulated in float32 or wider."""
    return sharding.replicated(_leaf_norm, jnp.asarray(leaf))


def leaf_norms(tree: PyTree, after: PyTree = ()) -> list[ScaledNorm]:
    """Returns the Euclidean norm of every leaf of `tree`, in the order of its leaves.

    Args:
      tree: Tree of floating-point leaves.
      after: Tree of arrays that accelerators compute first. A GPU then does not compute the norms
        in the kernels that lead to these arrays, which would be slower than separate kernels.
    """
    leaves = [*map(jnp.asarray, jax.tree.leaves(tree))]
    # Outside of a compiled program, one small program per shape is compiled instead of a large one.
    is_traced = any(isinstance(leaf, Tracer) for leaf in leaves)
    if len(leaves) < 2 or not is_traced or not sharding.is_whole(leaves):
        return [leaf_norm(leaf) for leaf in leaves]
    return _leaf_norms(leaves, after)


def computed_norms(compute: Callable[..., jax.Array], *inputs: PyTree) -> list[ScaledNorm]:
    """Returns the norm of every leaf of a tree that XLA then does not write to memory.

    On CPU, a leaf is computed twice if the plain sum of its squares is not between 2^-60 and 2^100,
    for example if it is zero. On other backends, norms above 1e25 are inf.

    Args:
      compute: Elementwise function that computes a leaf of the tree from one leaf of each of
        `inputs`.
      *inputs: Trees of equal structure and shapes.
    """
    leaves = [*zip(*map(jax.tree.leaves, inputs), strict=True)]

    def on_cpu() -> list[ScaledNorm]:
        return _computed_norms_on_cpu(compute, leaves)

    def in_one_pass() -> list[ScaledNorm]:
        if sharding.is_whole(leaves):
            return moderate_norms_together(compute, leaves)
        # XLA's GPU backend would write a leaf in bfloat16 to memory before it is summed.
        return [moderate_norm_in_one_pass(compute(*widen(leaf))) for leaf in leaves]

    if not leaves:
        return []
    if sharding.is_explicit(inputs):
        return [leaf_norm(compute(*leaf)) for leaf in leaves]
    return lax.platform_dependent(cpu=on_cpu, default=in_one_pass)


def tree_norm(tree: PyTree) -> ScaledNorm:
    """Returns the Euclidean norm over all leaves of `tree`, or zero if it has no leaves."""
    # Elsewhere, leaves may be divided among devices in different ways.
    if not sharding.is_of_one_device():
        return joined(leaf_norms(tree))
    return lax.platform_dependent(
        cpu=lambda: joined(leaf_norms(tree)), default=lambda: _tree_norm_together(tree)
    )


def joined(norms: Sequence[ScaledNorm]) -> ScaledNorm:
    """Returns the norm of a tree, given the norms of its leaves."""
    if not norms:
        return ScaledNorm(value=jnp.zeros(()), scale=jnp.ones(()))
    if len(norms) == 1:
        return norms[0]
    dtype = jnp.result_type(*(norm.value for norm in norms))
    values, scales = (jnp.stack([x.astype(dtype) for x in of]) for of in zip(*norms, strict=True))
    # Use the smallest scale, which belongs to the largest elements. Zeros have no scale.
    scales = jnp.where(values == 0, jnp.max(scales), scales)
    scale = jnp.min(scales)
    return ScaledNorm(root(jnp.sum(jnp.square(values * (scale / scales)))), scale)


_TOGETHER = 2**18
"""Number of elements up to which a leaf is summed together with others."""

_ROWS = range(2**5, 2**10 + 1, 2**5)
"""Lengths of the rows of leaves that are summed together."""


def _tree_norm_together(tree: PyTree) -> ScaledNorm:
    """Returns the norm of a tree from sums over all leaves of a dtype, small ones in one array.

    On a GPU, starting the kernels for the sums of a small leaf takes longer than the sums.
    """
    groups: dict[Any, list[jax.Array]] = {}
    for leaf in map(jnp.asarray, jax.tree.leaves(tree)):
        groups.setdefault(accumulator_dtype(leaf.dtype), []).append(leaf)
    norms = []
    for dtype, leaves in groups.items():
        sizes = [jnp.abs(leaf).astype(dtype) for leaf in leaves]
        small = [size.reshape(-1) for size in sizes if size.size <= _TOGETHER]
        large = [size for size in sizes if size.size > _TOGETHER]
        norms.append(norm_in_one_pass(*([_in_rows(small)] if small else []), *large))
    return joined(norms)


def _in_rows(vectors: Sequence[jax.Array]) -> jax.Array:
    """Joins vectors, and divides the result into about as many rows as a row has numbers.

    The sums of all rows are then few enough for one kernel that adds them. Zeros fill the last row.
    """
    size = sum(vector.size for vector in vectors)
    row = next((row for row in _ROWS if row * row >= size), _ROWS[-1])
    zeros = jnp.zeros(-size % row, vectors[0].dtype)
    return jnp.concatenate([*vectors, zeros]).reshape(-1, row)


# jit caches one trace per leaf shape; models have many leaves but few distinct shapes.
@jax.jit
def _leaf_norm(leaf: jax.Array) -> ScaledNorm:
    """Returns the norm of one leaf, by the algorithm that suits the backend."""
    return lax.platform_dependent(leaf, cpu=_norm_on_cpu, default=norm_in_one_pass)


@jax.jit
def _leaf_norms(leaves: Sequence[jax.Array], after: PyTree) -> list[ScaledNorm]:
    """Returns the norms of at least two leaves, by the algorithm that suits the backend."""
    return lax.platform_dependent(leaves, after, cpu=_norms_on_cpu, default=norms_together)


def _norms_on_cpu(leaves: Sequence[jax.Array], after: PyTree) -> list[ScaledNorm]:
    del after
    return [_jitted_norm_on_cpu(leaf) for leaf in leaves]


def _computed_norms_on_cpu(
    compute: Callable[..., jax.Array], leaves: Sequence[tuple[jax.Array, ...]]
) -> list[ScaledNorm]:
    # Each large leaf chooses a branch. With one choice for all of them, XLA would compute all
    # moments before the first step, and they would have left the processor's cache by then.
    large = [[index] for index, leaf in enumerate(leaves) if leaf[0].size >= _PLAIN_FROM]
    small = [index for index, leaf in enumerate(leaves) if leaf[0].size < _PLAIN_FROM]
    found = {}
    for group in [*large, *([small] if small else [])]:
        norms = _computed_norms_of_group(compute, [leaves[index] for index in group])
        found.update(zip(group, norms, strict=True))
    return [found[index] for index in range(len(leaves))]


def _computed_norms_of_group(
    compute: Callable[..., jax.Array], leaves: Sequence[tuple[jax.Array, ...]]
) -> list[ScaledNorm]:
    squares = [_folded_square_sum(compute, *leaf) for leaf in leaves]
    return lax.cond(
        jnp.stack([_is_safe(square) for square in squares]).all(),
        lambda: [_plain_norm(square) for square in squares],
        lambda: [_norm_in_two_passes(compute(*leaf)) for leaf in leaves],
    )


_PLAIN_FROM = 2**12
"""Number of elements from which the plain sum of squares is tried first on CPU."""


def _norm_on_cpu(leaf: jax.Array) -> ScaledNorm:
    """Returns the norm of one leaf on CPU.

    Leaves of at least `_PLAIN_FROM` elements use the plain sum of squares if it is safe. All
    others take two passes.
    """
    if leaf.size < _PLAIN_FROM:
        return _norm_in_two_passes(leaf)
    square = _plain_square_sum(leaf)
    return lax.cond(
        _is_safe(square), lambda: _plain_norm(square), lambda: _norm_in_two_passes(leaf)
    )


_jitted_norm_on_cpu = jax.jit(_norm_on_cpu)  # One trace per leaf shape.


def _plain_square_sum(leaf: jax.Array) -> jax.Array:
    # The barrier makes XLA compute the squares inside the sum. Without it, XLA would share them
    # with the second moment of an Adam-type method and write all squares to memory.
    return _square_sum(lax.optimization_barrier(leaf), lambda size: size)


_FOLDS = 8
"""Number of parts of a leaf whose squares are added elementwise. Eight was fastest of 2 to 24."""

_FOLD_FROM = 2**18
"""Number of elements from which folding is faster. It also writes and reads an eighth of the leaf,
which costs more than it saves for smaller leaves."""


def _folded_square_sum(compute: Callable[..., jax.Array], *inputs: jax.Array) -> jax.Array:
    """Returns the sum of the squares of a leaf that is computed elementwise from `inputs`.

    XLA's CPU backend runs elementwise loops on all cores, but a sum on one core, together with
    the operations that are fused into it. The squares of `_FOLDS` parts of the leaf are therefore
    added elementwise, so that the sum has fewer terms and contains no other operation.
    """
    leaf = jax.eval_shape(compute, *inputs)
    # Along an axis of the leaf, because XLA does not vectorize a loop that contains a reshape.
    axis = next((axis for axis, length in enumerate(leaf.shape) if length >= _FOLDS), None)
    is_wide = leaf.dtype == accumulator_dtype(leaf.dtype)  # XLA copies slices of bfloat16.
    if leaf.size < _FOLD_FROM or axis is None or not is_wide:
        return _plain_square_sum(compute(*inputs))
    length = leaf.shape[axis] // _FOLDS

    def squares(start: int, end: int) -> jax.Array:
        # Computed from parts of the inputs: XLA would write a leaf that several loops read.
        parts = [lax.slice_in_dim(x, start, end, axis=axis) for x in inputs]
        return jnp.square(compute(*parts))

    folded = functools.reduce(
        jnp.add, [squares(index * length, (index + 1) * length) for index in range(_FOLDS)]
    )
    # XLA fuses elementwise operations into a sum, but not `reduce_precision`, which changes nothing
    # here.
    info = jnp.finfo(folded.dtype)
    folded = lax.reduce_precision(folded, info.nexp, info.nmant)
    rows = [jnp.sum(jnp.sum(rows, -1)) for rows in split_rows(folded)]
    return functools.reduce(jnp.add, rows, jnp.sum(squares(_FOLDS * length, leaf.shape[axis])))


def _is_safe(square: jax.Array) -> jax.Array:
    """Returns whether a sum of squares is accurate: between 2^-60 and 2^100.

    Such a sum has not overflowed, and the squares below 2^-126, which underflow, change it by
    less than its rounding error. The result is False for NaN and for zero.
    """
    return (square > 2.0**-60) & (square < 2.0**100)


def _plain_norm(square: jax.Array) -> ScaledNorm:
    one = jnp.ones((), square.dtype)
    # The scale depends on `square`, so that it varies over the axes of a `shard_map`, as the
    # scale of the two-pass norm does.
    return ScaledNorm(value=root(square), scale=jnp.where(_is_safe(square), one, one))


def _norm_in_two_passes(leaf: jax.Array) -> ScaledNorm:
    """Returns the norm, with squares summed in a scale chosen from the largest element."""
    dtype = accumulator_dtype(leaf.dtype)
    blue, one = blue_constants(dtype), jnp.ones((), dtype)
    # The barrier keeps XLA from writing |x| to memory to share it with the squares.
    largest = jnp.max(jnp.abs(lax.optimization_barrier(leaf)), initial=0).astype(dtype)
    # If the largest element is at least 2^23 times Blue's threshold, small elements need no
    # scaling: those whose squares underflow are below half an ulp of the sum.
    small = largest < blue.small_below * 2.0**23
    scale = jnp.where(
        largest > blue.big_above, blue.scale_big * one, jnp.where(small, blue.scale_small, one)
    )
    return ScaledNorm(root(_square_sum(leaf, lambda size: safe_product(size, scale))), scale)


def _square_sum(leaf: jax.Array, scaled: Callable[[jax.Array], jax.Array]) -> jax.Array:
    """Returns the sum of the squares of `scaled(|x|)`, summed within rows first."""
    dtype = accumulator_dtype(leaf.dtype)
    squares = [jnp.square(scaled(jnp.abs(rows).astype(dtype))) for rows in split_rows(leaf)]
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
