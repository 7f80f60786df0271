"""Normalised steps: the direction of the update, with norm one."""

import jax
import optax

from minmax_jax._util import checks, trees
from minmax_jax._util import norms as _tree
from minmax_jax._util.types import PyTree, transformation


def normalize(
    scope: str = "layer", *, name: str = "normalize"
) -> optax.GradientTransformationExtraArgs:
    """Divides updates by their Euclidean norm: each leaf's own, or each player's whole.

    With g_k leaf k of one player's update, `u_k = g_k / ‖g_k‖` (layer) or
    `u_k = g_k / ‖g‖` (global). Norms are accumulated in float32 at least and neither
    overflow nor underflow: leaves of size 1e±30 come out with norm one. A zero gradient
    gives a zero step; NaN or inf coming in stays visible. One pass over the data for the
    norm and one to scale; no field evaluation of its own.

    Args:
      scope: "layer": one leaf at a time; "global": one player's tree at a time (never both
        players together), or the whole tree where it is no `Players`.
      name: Name used in error messages.

    Returns:
      A stateless Optax transformation of any tree of float leaves.

    Raises:
      ValueError: for an unknown scope, and in `init` or `update` for an empty tree or for
        updates whose structure is not that of params.
      TypeError: in `init` or `update`, for integer leaves.

    Examples:
      A saturated discriminator sends vanishing gradients; the step keeps its length.

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

    def init_fn(params: PyTree) -> optax.EmptyState:
        checks.check_floats(name, "params", params)
        return optax.EmptyState()

    def update_fn(
        updates: PyTree, state: optax.EmptyState, params: PyTree | None = None, **extra: object
    ) -> tuple[PyTree, optax.EmptyState]:
        del extra
        checks.check_floats(name, "updates", updates)
        checks.check_match(name, updates, params)
        return trees.each_player(
            _normalize_layers if scope == "layer" else _normalize_whole, updates
        ), state

    return transformation(init_fn, update_fn)


def _normalize_layers(tree: PyTree) -> PyTree:
    leaves, structure = jax.tree.flatten(tree)
    norms = _tree.leaf_norms(leaves)
    units = [_tree.unit(g, n).astype(g.dtype) for g, n in zip(leaves, norms, strict=True)]
    return jax.tree.unflatten(structure, units)


def _normalize_whole(tree: PyTree) -> PyTree:
    norm = _tree.tree_norm(tree)
    return jax.tree.map(lambda g: _tree.unit(g, norm).astype(g.dtype), tree)
