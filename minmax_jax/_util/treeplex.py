"""Strategies in sequence form: trees of weights whose last axis lists actions.

A leaf of shape `(..., actions)` holds one decision per index of its leading axes. Without parents,
the weights of each decision sum to one, so that a leaf is a batch of points of a simplex. With
`parents = {"child": ("parent", action)}`, the weights of each decision in the leaf `child` sum to
the weight of `action` in the same decision of the leaf `parent` (von Stengel, 1996). The set of
such trees is a treeplex. A behavioral strategy has the probability of each action in its decision
instead, so that all decisions sum to one.
"""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp

from minmax_jax._util import trees
from minmax_jax._util.checks.values import shown
from minmax_jax._util.types import PyTree

Parents = Mapping[str, tuple[str, int]]
"""From the name of a leaf to the name and action of its parent. Names are paths: `"a/b"`."""

Leaves = dict[str, jax.Array]


def check_parents(function: str, parents: Any) -> Parents:
    """Returns `parents`, or an empty mapping for None.

    Raises:
      TypeError: If it is not a mapping from names to pairs of a name and an action.
      ValueError: If a leaf is its own ancestor.
    """
    example = 'Pass for example {"second": ("first", 0)}.'
    if parents is None:
        return {}
    if not isinstance(parents, Mapping):
        raise TypeError(f"{function}: parents must be a mapping, got {shown(parents)}. {example}")
    for child, parent in parents.items():
        right = isinstance(parent, tuple) and len(parent) == 2
        if not (right and isinstance(parent[0], str) and isinstance(parent[1], int)):
            raise TypeError(
                f"{function}: parents must map leaves to pairs of a leaf and an action, got "
                f"{shown(parent)} for {child!r}. {example}"
            )
    for child in parents:
        seen, name = [child], child
        while name in parents:
            name = parents[name][0]
            if name in seen:
                raise ValueError(
                    f"{function}: parents must form a tree, got {shown(dict(parents))} with "
                    f"{name!r} as its own ancestor. Remove the cycle."
                )
            seen.append(name)
    return dict(parents)


def flatten(
    function: str, tree: PyTree, parents: Parents
) -> tuple[Leaves, Callable[[Leaves], PyTree]]:
    """Returns the leaves of a tree by name, and a function that restores the tree.

    Raises:
      ValueError: If a leaf is a scalar or has no action, or a name in `parents` is not a leaf of
        the right shape.
    """
    paths, structure = jax.tree.flatten_with_path(tree)
    leaves = {
        jax.tree_util.keystr(path, simple=True, separator="/"): jnp.asarray(leaf)
        for path, leaf in paths
    }
    for name, leaf in leaves.items():
        if leaf.ndim == 0 or leaf.shape[-1] == 0:
            raise ValueError(
                f"{function}: leaf {name!r} must have an axis of actions, got shape {leaf.shape}. "
                "Its weights sum to one over the last axis."
            )
    for child, (parent, action) in parents.items():
        _check_leaf(function, leaves, child)
        _check_leaf(function, leaves, parent)
        of_child, of_parent = leaves[child].shape, leaves[parent].shape
        if of_child[:-1] != of_parent[:-1] or not 0 <= action < of_parent[-1]:
            raise ValueError(
                f"{function}: parents must name for {child!r} an action of {parent!r} with shape "
                f"{of_parent} and equal leading axes, got action {action} for the shape "
                f"{of_child} of {child!r}. Give both leaves one row per decision."
            )
    return leaves, lambda new: jax.tree.unflatten(structure, [new[name] for name in leaves])


def _check_leaf(function: str, leaves: Leaves, name: str) -> None:
    if name not in leaves:
        raise ValueError(
            f"{function}: parents must name leaves of the player's tree, which are "
            f"{', '.join(leaves)}, got {name!r}. Use one transformation per player if their trees "
            "differ."
        )


def behavior(leaves: Leaves) -> Leaves:
    """Divides the weights of each decision by their sum.

    The probabilities are uniform where all weights are zero.
    """
    found = {}
    for name, leaf in leaves.items():
        wide = trees.widen(leaf)
        total = jnp.sum(wide, axis=-1, keepdims=True)
        empty = total <= 0
        found[name] = jnp.where(empty, 1.0 / leaf.shape[-1], wide / jnp.where(empty, 1.0, total))
    return found


def log_behavior(leaves: Leaves) -> Leaves:
    """Returns the logarithms of the probabilities of each decision.

    Weights below the smallest normal number are replaced by it, so that logarithms are finite.
    """

    def logarithm(leaf: jax.Array) -> jax.Array:
        wide = trees.widen(leaf)
        positive = jnp.maximum(wide, jnp.finfo(wide.dtype).tiny)
        return jnp.log(positive) - jnp.log(jnp.sum(positive, axis=-1, keepdims=True))

    return {name: logarithm(leaf) for name, leaf in leaves.items()}


def weights(probabilities: Leaves, parents: Parents) -> Leaves:
    """Multiplies the probabilities of each decision by the weight of its parent."""
    found = dict(probabilities)
    for child in reversed(children_first(parents)):
        parent, action = parents[child]
        found[child] = found[child] * found[parent][..., action, None]
    return found


def add_children(
    values: Leaves, parents: Parents, value_fn: Callable[[str, jax.Array], jax.Array]
) -> Leaves:
    """Adds the value of each decision to its parent's action, from the last decisions to the first.

    Args:
      values: Values of the actions themselves.
      parents: Parents of the leaves.
      value_fn: Function of a leaf's name and the values of its actions, which include their
        children. It returns the values of its decisions, without the last axis.
    """
    found = dict(values)
    for child in children_first(parents):
        parent, action = parents[child]
        found[parent] = found[parent].at[..., action].add(value_fn(child, found[child]))
    return found


def children_first(parents: Parents) -> list[str]:
    """Returns the names of the leaves with a parent, each before its parent."""

    def depth(name: str) -> int:
        return 1 + depth(parents[name][0]) if name in parents else 0

    return sorted(parents, key=depth, reverse=True)
