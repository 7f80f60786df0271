"""The Jacobian of a field, as a matrix or as a product with vectors."""

import itertools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from minmax_jax._util import checks, norms
from minmax_jax._util.types import FieldFn, Players, PyTree


def jacobian(field_fn: FieldFn, players: Players) -> jax.Array:
    """Returns the whole Jacobian J of the field as a matrix: for small games.

    Coordinates are those of `jax.tree.leaves(players)`, one leaf after the other, the min
    player's first. Price: one field evaluation (draw 0) and as many jvp calls as there are
    coordinates, one after the other, since averaged fields have no `vmap`.

    Args:
      field_fn: the field.
      players: the point, n numbers in all.

    Returns:
      (n, n), float32 at least; `J[i, j] = ∂F_i / ∂z_j`.

    Raises:
      TypeError, ValueError: if players is no `Players` of floats.

    Examples:
      >>> import minmax_jax as mm
      >>> game = mm.games.quadratic(1.0, 2.0, 3.0)
      >>> print(mm.diagnostics.jacobian(game.field_fn, game.start))
      [[ 1.  2.]
       [-2.  3.]]
    """
    checks.check_players("jacobian", "players", players)
    product, size, dtype = jacobian_product(field_fn, players)
    return lax.map(product, jnp.eye(size, dtype=dtype)).T


def jacobian_product(
    field_fn: FieldFn, players: Players
) -> tuple[Callable[[jax.Array], jax.Array], int, Any]:
    """Returns `v -> J v` on flat vectors of float32 at least, their length and their dtype.

    The field itself is evaluated once, at draw 0; each product is one jvp.
    """
    players = jax.tree.map(jnp.asarray, players)
    leaves = jax.tree.leaves(players)
    dtypes = [norms.accumulator_dtype(leaf.dtype) for leaf in leaves]
    dtype = jnp.result_type(*dtypes)
    size = sum(leaf.size for leaf in leaves)
    _, tangent_fn = jax.linearize(lambda z: field_fn(z, 0), players)

    def product(vector: jax.Array) -> jax.Array:
        return _flatten(tangent_fn(_unflatten(vector, players)), dtype)

    return product, size, dtype


def _flatten(tree: PyTree, dtype: Any) -> jax.Array:
    return jnp.concatenate([jnp.ravel(leaf).astype(dtype) for leaf in jax.tree.leaves(tree)])


def _unflatten(vector: jax.Array, like: PyTree) -> PyTree:
    leaves, structure = jax.tree.flatten(like)
    ends = itertools.accumulate(leaf.size for leaf in leaves)
    parts = [
        vector[end - leaf.size : end].reshape(leaf.shape).astype(leaf.dtype)
        for end, leaf in zip(ends, leaves, strict=True)
    ]
    return jax.tree.unflatten(structure, parts)
