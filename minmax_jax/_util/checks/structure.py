"""Checks that updates, parameters and states have the same structure and shapes."""

from collections.abc import Mapping
from typing import Any

import jax

from minmax_jax._util.checks.values import described
from minmax_jax._util.types import PyTree


def check_match(function: str, updates: PyTree, params: PyTree) -> None:
    """Raises ValueError if `updates` and `params` differ in tree structure or shapes.

    `params` may be None.
    """
    if params is not None:
        advice = "Call update(updates, state, params) with updates = field_fn(params)."
        check_same_structure(function, {"updates": updates, "params": params}, advice)


def check_same_structure(
    function: str, trees: Mapping[str, PyTree], advice: str, *, exact: bool = False
) -> None:
    """Raises ValueError if two trees, given by argument name, differ in structure or shapes.

    None counts as a leaf of any shape, unless `exact`: then None equals only None.
    """
    (name, tree), (other_name, other) = trees.items()
    difference = _difference(name, tree, other_name, other, exact)
    if difference is not None:
        raise ValueError(
            f"{function}: {' and '.join(trees)} must have the same tree structure and shapes, but "
            f"{difference}. {advice}"
        )


def check_state(function: str, state: Any, kind: type, like: PyTree = None, *fields: str) -> None:
    """Raises an error if `state` was not made by `init` for a tree like `like`.

    Args:
      function: Name of the method.
      state: State that was passed to `update`.
      kind: Type of the states of the method.
      like: Updates, or None to skip the comparison.
      *fields: Names of the attributes of the state that are trees like the parameters. An
        attribute may be None.
    """
    if not isinstance(state, kind):
        raise TypeError(
            f"{function}: state must be of type {kind.__name__}, got {described(state)}. Pass the "
            "state from optimizer.init(params), in the order update(updates, state, params)."
        )
    for field in fields if like is not None else ():
        tree = getattr(state, field)
        difference = None if tree is None else _difference(f"state.{field}", tree, "updates", like)
        if difference is not None:
            raise ValueError(
                f"{function}: state must be made for the tree that is updated, but {difference}. "
                "Call state = optimizer.init(params) for these parameters."
            )


def check_chain(function: str, state: Any, length: int) -> None:
    """Raises an error if `state` is not the state of a chain of `length` transformations."""
    if type(state) is not tuple or len(state) != length:
        raise TypeError(
            f"{function}: state must be a tuple of {length} states, got {described(state)}. Pass "
            "the state from optimizer.init(params), in the order update(updates, state, params)."
        )


def _difference(
    name: str, tree: PyTree, other_name: str, other: PyTree, exact: bool = False
) -> str | None:
    """Describes the first difference of two named trees in structure or shapes.

    None counts as a leaf of any shape, unless `exact`.
    """
    if jax.tree.structure(tree, is_leaf=_is_none) != jax.tree.structure(other, is_leaf=_is_none):
        return (
            _missing(name, tree, other_name, other)
            or _missing(other_name, other, name, tree)
            or f"{name} and {other_name} have containers of different types"
        )
    leaves = (jax.tree.leaves(t, is_leaf=_is_none) for t in (tree, other))
    for index, (a, b) in enumerate(zip(*leaves, strict=True)):
        if exact and (a is None) != (b is None):
            path = _paths(tree)[index]
            empty, full = (name, other_name) if a is None else (other_name, name)
            return f"{empty}{path} is None and {full}{path} is not"
        shape, other_shape = getattr(a, "shape", ()), getattr(b, "shape", ())
        if shape != other_shape and a is not None and b is not None:
            path = _paths(tree)[index]
            return f"{name}{path} has shape {shape} and {other_name}{path} has {other_shape}"
    return None


def _missing(name: str, tree: PyTree, other_name: str, other: PyTree) -> str | None:
    """Describes the first leaf of the second tree that the first tree does not have."""
    own = set(_paths(tree))
    for path in _paths(other):
        if path not in own:
            return f"{name} ({described(tree)}) has no counterpart of {other_name}{path}"
    return None


def _paths(tree: PyTree) -> list[str]:
    leaves = jax.tree_util.tree_leaves_with_path(tree, is_leaf=_is_none)
    return [jax.tree_util.keystr(path) for path, _ in leaves]


def _is_none(node: Any) -> bool:
    return node is None
