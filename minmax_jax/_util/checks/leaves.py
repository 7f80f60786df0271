"""Checks of parameters and their leaves."""

from typing import Any

import jax
import jax.numpy as jnp
import optax

from minmax_jax._util.checks.values import shown
from minmax_jax._util.trees import is_placeholder
from minmax_jax._util.types import Players, PyTree


def check_floats(function: str, argument: str, tree: PyTree, *, empty: bool = False) -> PyTree:
    """Returns `tree`, or raises an error if a leaf is not a real floating-point array.

    A tree without leaves is an error too, unless `empty`.
    """
    if is_placeholder(tree):
        return tree
    leaves = jax.tree_util.tree_leaves_with_path(tree, is_leaf=is_missing)
    if not leaves and not empty:
        raise ValueError(
            f"{function}: {argument} has no leaves, got {shown(tree)}. Pass a pytree of float "
            "arrays."
        )
    for path, leaf in leaves:
        if not is_missing(leaf):
            _check_leaf(function, argument, path, leaf)
    return tree


def _check_leaf(function: str, argument: str, path: Any, leaf: Any) -> None:
    if jnp.issubdtype(getattr(leaf, "dtype", None) or type(leaf), jnp.floating):
        return
    where = f"{argument}{jax.tree_util.keystr(path)}"
    dtype = _number_dtype(leaf)
    if dtype is None:
        raise TypeError(
            f"{function}: {where} must be a floating-point array, got {shown(leaf)}. Replace it "
            "by None, or keep it outside of the tree."
        )
    if jnp.issubdtype(dtype, jnp.complexfloating):
        # A method would move a complex leaf in the wrong direction: JAX's gradient of a real payoff
        # is the conjugate of the direction of ascent, and norms and inner products here are real.
        raise TypeError(
            f"{function}: {where} has dtype {dtype}, but leaves must be real floating-point "
            "arrays. Pass the real and the imaginary part as two leaves."
        )
    raise TypeError(
        f"{function}: {where} has dtype {dtype}, but leaves must be floating-point arrays. "
        "Convert it, for example 1 to 1.0, or leave it out of the tree (optax.masked)."
    )


def check_arrays(function: str, argument: str, tree: PyTree) -> PyTree:
    """Returns `tree`, or raises an error if a leaf is neither an array nor a number."""
    for path, leaf in jax.tree_util.tree_leaves_with_path(tree):
        if isinstance(leaf, jax.Array) or _number_dtype(leaf) is not None:
            continue
        raise TypeError(
            f"{function}: {argument}{jax.tree_util.keystr(path)} must be an array or a number, got "
            f"{shown(leaf)}. Return it outside of the compiled program, or leave it out."
        )
    return tree


def _number_dtype(leaf: Any) -> Any:
    """Returns the dtype of a number or an array of numbers, or None for anything else."""
    if not hasattr(leaf, "dtype") and not isinstance(leaf, bool | int | float | complex):
        return None
    try:
        dtype = jnp.result_type(leaf)
    except TypeError:  # NumPy also has arrays of strings and objects.
        return None
    return None if jnp.issubdtype(dtype, jax.dtypes.extended) else dtype  # Random keys.


def check_players(
    function: str,
    argument: str,
    value: Any,
    remedy: str = "Wrap the trees of the two players.",
) -> Players:
    """Returns `value`, or raises an error if it is not a `Players` of two float trees."""
    if is_placeholder(value):
        return value
    if not isinstance(value, Players):
        raise TypeError(
            f"{function}: {argument} must be Players(min=..., max=...), "
            f"got {type(value).__name__}. {remedy}"
        )
    for side, tree in zip(Players._fields, value, strict=True):
        check_floats(function, f"{argument}.{side}", tree)
    return value


def check_whole_players(function: str, argument: str, value: Any) -> Players:
    """Returns `value`, or raises an error if it is not a `Players` of two complete float trees.

    A tree is incomplete if `optax.masked` hides some of its leaves.
    """
    remedy = (
        f"Wrap the trees of the two players, and put {function} around per_player and alternate, "
        "not inside."
    )
    players = check_players(function, argument, value, remedy)
    nodes = jax.tree.leaves(players, is_leaf=is_missing)
    if any(isinstance(node, optax.MaskedNode) for node in nodes):
        raise ValueError(
            f"{function}: optax.masked around it hides leaves that field_fn needs, because "
            f"{function} evaluates the field at the parameters of both players. Put optax.masked "
            "inside, around its own transformations (tx, min=, max=, transform=)."
        )
    return players


def check_params(function: str, params: PyTree | None, why: str) -> PyTree:
    """Returns `params`, or raises ValueError if it is None."""
    if params is None:
        raise ValueError(
            f"{function}: update needs params, because {why}. "
            "Call optimizer.update(updates, state, params)."
        )
    return params


def is_missing(node: Any) -> bool:
    """Returns whether `node` stands for a missing leaf: None, or masked by Optax."""
    return node is None or isinstance(node, optax.MaskedNode)
