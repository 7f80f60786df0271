"""Helpers for pytrees: selection, dtypes, counters and players."""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax import lax

from minmax_jax._util.types import Players, PyTree


def select(condition: jax.Array, on_true: PyTree, on_false: PyTree) -> PyTree:
    """Returns `on_true` where `condition` holds and `on_false` elsewhere, leaf by leaf."""
    return jax.tree.map(lambda a, b: jnp.where(condition, a, b), on_true, on_false)


def accumulator_dtype(dtype: Any) -> Any:
    """Returns the dtype in which sums of `dtype` are accumulated: float32 or wider."""
    return dtype if jnp.finfo(dtype).bits > 32 else jnp.dtype(jnp.float32)


def wide_dtype(tree: PyTree) -> Any:
    """Returns the common accumulator dtype of all leaves, or float32 if there are none."""
    leaves = [jnp.asarray(leaf).dtype for leaf in jax.tree.leaves(tree)]
    return jnp.result_type(*map(accumulator_dtype, leaves or [jnp.float32]))


def widen(tree: PyTree, dtype: Any = None) -> PyTree:
    """Casts every leaf to `dtype`. Defaults to the accumulator dtype of the leaf."""

    def cast(leaf: Any) -> jax.Array:
        leaf = jnp.asarray(leaf)
        return leaf.astype(accumulator_dtype(leaf.dtype) if dtype is None else dtype)

    return jax.tree.map(cast, tree)


def widen_float16(tree: PyTree) -> PyTree:
    """Casts float16 leaves to float32. Other leaves keep their dtypes."""

    def cast(leaf: Any) -> Any:
        return leaf.astype(jnp.float32) if getattr(leaf, "dtype", None) == jnp.float16 else leaf

    return jax.tree.map(cast, tree)


def cast_like(tree: PyTree, like: PyTree) -> PyTree:
    """Casts every leaf of `tree` to the dtype of the leaf of `like`.

    A state that stores fields or parameters keeps its dtypes by it.
    """
    return jax.tree.map(lambda leaf, other: jnp.asarray(leaf).astype(other.dtype), tree, like)


def strongly_typed(tree: PyTree) -> PyTree:
    """Converts every leaf, Python numbers included, to an array that is not weakly typed.

    The carry of a `lax.scan` must keep its types, and arithmetic removes weak types.
    """

    def convert(leaf: Any) -> jax.Array:
        array = jnp.asarray(leaf)
        return lax.convert_element_type(array, array.dtype)

    return jax.tree.map(convert, tree)


def new_count() -> jax.Array:
    """Returns the counter of an optimizer state before the first update (int32 scalar)."""
    return jnp.zeros((), jnp.int32)


def increment(count: jax.Array, period: int = 1) -> jax.Array:
    """Returns `count + 1`, or the largest value of the dtype if `count` is that value.

    With a `period`, the largest value is followed by `count + 1 - period`, so that actions of
    every period-th update continue.
    """
    if period == 1:
        return jnp.asarray(optax.safe_increment(count))
    largest = jnp.iinfo(count.dtype).max
    return jnp.where(count < largest, count + 1, largest - period + 1)


def by_side(value: Any) -> Players:
    """Returns `value` if it is a `Players`, otherwise `Players` with `value` on both sides."""
    return value if isinstance(value, Players) else Players(value, value)


def is_placeholder(tree: PyTree) -> bool:
    """Returns whether `tree` is the object that `optax.tree.map_params` passes to `init`.

    It stands for the parameters and has no leaves. The state that `init` returns for it shows
    which parts of a state are shaped like the parameters.
    """
    return any(kind.__name__ == "_ParamsPlaceholder" for kind in type(tree).__mro__)


def is_joint(tree: PyTree) -> bool:
    """Returns whether `tree` holds both players, or is a placeholder for both."""
    of_one = type(tree).__name__ == _OF_ONE_PLAYER
    return isinstance(tree, Players) or (is_placeholder(tree) and not of_one)


def sides(tree: PyTree) -> Players:
    """Returns `tree`, or placeholders for each player if it is a placeholder for both."""
    if not is_placeholder(tree):
        return tree
    return Players(*(_placeholder_of_one_player(type(tree), side)() for side in Players._fields))


def side_of(placeholder: PyTree) -> str | None:
    """Returns the player for which a placeholder stands, or None if it stands for both."""
    return getattr(placeholder, "side", None)


_OF_ONE_PLAYER = "OnePlayerPlaceholder"


@functools.cache
def _placeholder_of_one_player(kind: type, side: str) -> type:
    """Returns a subclass of Optax's placeholder, which stands for the tree of one player.

    Transformations that accept one player or both have a state per player only for both.
    """
    placeholder = type(_OF_ONE_PLAYER, (kind,), {"side": side})
    jax.tree_util.register_pytree_node(placeholder, lambda _: ((), None), lambda *_: placeholder())
    return placeholder


def each_player(function: Callable[..., Any], tree: PyTree, *rest: PyTree) -> PyTree:
    """Applies `function` to each player's tree, or to a tree that is not a `Players`."""
    if isinstance(tree, Players):
        return Players(*(function(*sides) for sides in zip(tree, *rest, strict=True)))
    return function(tree, *rest)


def inner_product(a: PyTree, b: PyTree) -> jax.Array:
    """Returns the inner product of two real trees, accumulated in float32 or wider."""
    products = jax.tree.map(lambda x, y: jnp.sum(widen(x) * widen(y)), a, b)
    parts = jax.tree.leaves(products)
    dtype = jnp.result_type(*parts)
    return functools.reduce(jnp.add, [part.astype(dtype) for part in parts])
