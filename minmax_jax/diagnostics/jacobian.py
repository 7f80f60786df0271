"""The Jacobian of a field, as a matrix or as a matrix-free product."""

import itertools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from minmax_jax._util import checks, sharding, trees
from minmax_jax._util.types import FieldFn, Players, PyTree


def jacobian(field_fn: FieldFn, players: Players) -> jax.Array:
    """Returns the Jacobian J of the field as a dense matrix, for small games.

    Coordinates follow `jax.tree.leaves(players)`: first the min player's leaves, then the
    max player's, each flattened.

    **Cost.** One field evaluation (sample index 0) and n JVPs. The JVPs run one after the
    other, because fields that average over devices do not support `vmap`.

    Args:
      field_fn: Vector field of the game.
      players: Point z, with n coordinates in total.

    Returns:
      A matrix of shape (n, n) and dtype float32 or wider, with `J[i, j] = ∂F_i / ∂z_j`.

    Raises:
      TypeError: If `players` is not `Players`, or has leaves that are not floating-point.
      ValueError: If a player has no leaves.

    Examples:
      >>> import minmax_jax as mm
      >>> game = mm.games.quadratic(1.0, 2.0, 3.0)
      >>> print(mm.diagnostics.jacobian(game.field_fn, game.start))
      [[ 1.  2.]
       [-2.  3.]]
    """
    checks.check_players("jacobian", "players", players)
    field_fn = checks.check_game_function("jacobian", "field_fn", field_fn)
    product, size, dtype = jacobian_product(field_fn, players)
    return lax.map(product, jnp.eye(size, dtype=dtype)).T


def jacobian_product(
    field_fn: FieldFn, players: Players
) -> tuple[Callable[[jax.Array], jax.Array], int, Any]:
    """Returns the product `v -> J v` on flat vectors, their length and their dtype.

    The dtype is float32 or wider. The field is evaluated once, at sample index 0, and each
    product costs one JVP.
    """
    players = jax.tree.map(jnp.asarray, players)
    leaves = jax.tree.leaves(players)
    dtypes = [trees.accumulator_dtype(leaf.dtype) for leaf in leaves]
    dtype = jnp.result_type(*dtypes)
    size = sum(leaf.size for leaf in leaves)
    _, tangent_fn = jax.linearize(lambda z: field_fn(z, 0), players)

    def product(vector: jax.Array) -> jax.Array:
        return _flatten(tangent_fn(_unflatten(vector, players)), dtype)

    return product, size, dtype


def _flatten(tree: PyTree, dtype: Any) -> jax.Array:
    def join(*leaves: jax.Array) -> jax.Array:
        return jnp.concatenate([jnp.ravel(leaf).astype(dtype) for leaf in leaves])

    return sharding.replicated(join, *jax.tree.leaves(tree))


def _unflatten(vector: jax.Array, like: PyTree) -> PyTree:
    leaves, structure = jax.tree.flatten(like)
    ends = itertools.accumulate(leaf.size for leaf in leaves)
    parts = [
        vector[end - leaf.size : end].reshape(leaf.shape).astype(leaf.dtype)
        for end, leaf in zip(ends, leaves, strict=True)
    ]
    return jax.tree.unflatten(structure, map(sharding.sharded_like, parts, leaves))
