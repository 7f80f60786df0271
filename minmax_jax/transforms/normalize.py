"""Normalizes updates to norm one, per leaf or per player."""

import jax
import optax

from minmax_jax._util import checks, norms, trees
from minmax_jax._util.types import PyTree, transformation


def normalize(
    scope: str = "layer", *, name: str = "normalize"
) -> optax.GradientTransformationExtraArgs:
    """Divides updates by their Euclidean norm, per leaf or per player.

    Let g_k be leaf k of one player's updates. With `scope="layer"` the result is
    `u_k = g_k / ‖g_k‖`, with `scope="global"` it is `u_k = g_k / ‖g‖`. Norms are accumulated in
    float32 or wider and neither overflow nor underflow: leaves of size 1e-30 or 1e30 are
    normalized to norm one. A zero gradient yields a zero step. NaN and inf are not hidden.

    **Range.** Elements below 1.2e-38 in float32 and bfloat16 (subnormal numbers) count as zero on
    CPU, because XLA computes with them as zeros there. In float16, all numbers count.

    **Cost.** One pass over the data for the norm and one for scaling. No field evaluations.

    Args:
      scope: `"layer"` for norms of single leaves, or `"global"` for norms of each player's
        whole tree (never of both players together). A tree that is not a `Players` counts as
        one player.
      name: Name used in error messages.

    Returns:
      A stateless Optax transformation of any tree of floating-point leaves.

    Raises:
      TypeError: In `init` and `update`, if a leaf is not floating-point.
      ValueError: If `scope` is unknown. In `init` and `update`, if the tree is empty or updates
        and params have different structures.

    Examples:
      The step of a discriminator with vanishing gradients keeps its length:

      >>> import jax.numpy as jnp
      >>> import minmax_jax as mm
      >>> tx = mm.normalize("global")
      >>> g = mm.Players(min=jnp.array([3.0, 4.0]), max=jnp.array([3e-30, 4e-30]))
      >>> u, _ = tx.update(g, tx.init(g))
      >>> print(u.min, u.max)
      [0.6 0.8] [0.6 0.8]

    References:
      Jelassi, Dobre, Mensch, Li, Gidel, `Dissecting adaptive methods in GANs
      <https://arxiv.org/abs/2210.04319>`_, 2022 (l-nSGDA and g-nSGDA).
      Blue, A portable Fortran program to find the Euclidean norm of a vector, 1978.
    """
    checks.check_choice(name, "scope", scope, checks.SCOPES)
    normalize_player = _normalize_leaves if scope == "layer" else _normalize_whole

    def init_fn(params: PyTree) -> optax.EmptyState:
        checks.check_floats(name, "params", params)
        return optax.EmptyState()

    def update_fn(
        updates: PyTree, state: optax.EmptyState, params: PyTree | None = None, **extra: object
    ) -> tuple[PyTree, optax.EmptyState]:
        del extra
        checks.check_floats(name, "updates", updates)
        checks.check_match(name, updates, params)
        return trees.each_player(normalize_player, updates), state

    return transformation(init_fn, update_fn)


def _normalize_leaves(tree: PyTree) -> PyTree:
    leaves, structure = jax.tree.flatten(tree)
    of_leaves = norms.leaf_norms(leaves)
    units = [norms.unit(g, n).astype(g.dtype) for g, n in zip(leaves, of_leaves, strict=True)]
    return jax.tree.unflatten(structure, units)


def _normalize_whole(tree: PyTree) -> PyTree:
    norm = norms.tree_norm(tree)
    return jax.tree.map(lambda g: norms.unit(g, norm).astype(g.dtype), tree)
