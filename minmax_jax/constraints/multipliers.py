"""The type `Multipliers` and the projection onto the valid multipliers."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from minmax_jax._util.types import Players, PyTree


class Multipliers(NamedTuple):
    """One value per constraint: multipliers, constraint values, violations or penalties.

    Attributes:
      inequality: Tree with the structure of `inequality(x)`, or None without inequalities.
      equality: Tree with the structure of `equality(x)`, or None without equalities.
    """

    inequality: Any = None
    equality: Any = None


def split(tree: PyTree) -> Multipliers:
    """Returns `tree` as `Multipliers`. Any other tree belongs to equality constraints."""
    return tree if isinstance(tree, Multipliers) else Multipliers(None, tree)


def like(tree: PyTree, multipliers: Multipliers) -> PyTree:
    """Undoes `split`: returns the values in the structure of `tree`."""
    return multipliers if isinstance(tree, Multipliers) else multipliers.equality


def nonnegative(tree: PyTree) -> PyTree:
    """Replaces negative multipliers of inequalities by zero, and changes nothing else.

    It accepts `Players`, `Multipliers` or the parameters x, so that it can be the `projection`
    of an optimizer or the argument of `project`.
    """
    if isinstance(tree, Players):
        return Players(tree.min, nonnegative(tree.max))
    if not isinstance(tree, Multipliers):
        return tree
    return tree._replace(inequality=positive_part(tree.inequality))


def positive_part(tree: PyTree) -> PyTree:
    """Replaces negative elements by zero. NaN stays NaN."""
    return jax.tree.map(lambda leaf: jnp.maximum(leaf, 0), tree)


def amounts(values: Multipliers) -> Multipliers:
    """Returns the violations of constraint values: the parts above zero, and absolute values."""
    return Multipliers(
        inequality=positive_part(values.inequality),
        equality=jax.tree.map(jnp.abs, values.equality),
    )
