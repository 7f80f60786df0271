"""Grafting: the length of one optimizer's step in the direction of another's."""

from typing import Any, NamedTuple

import jax
import optax

from minmax_jax._util import checks, trees
from minmax_jax._util import norms as _tree
from minmax_jax._util.types import PyTree, transformation


class GraftState(NamedTuple):
    """State of `graft`.

    Attributes:
      magnitude: state of the transformation whose step gives the length.
      direction: state of the transformation whose step gives the direction.
    """

    magnitude: Any
    direction: Any


def graft(
    magnitude: optax.GradientTransformation,
    direction: optax.GradientTransformation,
    *,
    scope: str = "layer",
    eps: float = 0.0,
    name: str = "graft",
) -> optax.GradientTransformationExtraArgs:
    """Combines the norm of `magnitude`'s step with the direction of `direction`'s.

    Both transformations are fed the same update at the grafted iterate, each with its own
    state. With steps M_k and D_k of leaf k: `u_k = ‖M_k‖ / (‖D_k‖ + eps) · D_k` (layer), or
    with norms over each player's whole tree (global). Their learning rates are in M and D
    already; that of `direction` cancels when eps is zero. Norms neither overflow nor
    underflow; where D is exactly zero the step is zero. No field evaluation of its own.

    Args:
      magnitude: the transformation that gives the length, Adam say. Its update may return
        the `ScaledNorm` of each leaf in place of the leaf.
      direction: the transformation that gives the direction, SGD say.
      scope: "layer": norms of one leaf at a time; "global": of one player's tree at a time.
      eps: added to the direction's norm, as in the reference; zero makes the norm exact.
      name: Name used in error messages.

    Returns:
      An Optax transformation of any tree. Given `Players` it takes each player's norms by
      themselves; both children see the joint tree, so they may be two-player methods.

    Raises:
      TypeError: if a child is no transformation, or a leaf is not floating point.
      ValueError: for an unknown scope, a negative eps, an empty tree, or updates whose
        structure is not that of params.

    Examples:
      >>> import jax.numpy as jnp, optax
      >>> import minmax_jax as mm
      >>> tx = mm.graft(magnitude=optax.sgd(0.1), direction=optax.sign_sgd(1.0))
      >>> g = jnp.array([3.0, 4.0])
      >>> u, _ = tx.update(g, tx.init(g))
      >>> print(u)  # norm 0.1 * 5 along the diagonal
      [-0.35355338 -0.35355338]

    References:
      Agarwal, Anil, Hazan, Koren, Zhang, `Disentangling adaptive gradient methods from
      learning rates <https://arxiv.org/abs/2002.11803>`_, 2020, Algorithm 2 (AdaGraft).
      Jelassi et al., `Dissecting adaptive methods in GANs
      <https://arxiv.org/abs/2210.04319>`_, 2022.
    """
    for argument, tx in (("magnitude", magnitude), ("direction", direction)):
        checks.check_transformation(name, argument, tx)
    checks.check_number(name, "eps", eps)
    checks.check_choice(name, "scope", scope, checks.SCOPES)
    magnitude = optax.with_extra_args_support(magnitude)
    direction = optax.with_extra_args_support(direction)

    def rescale(along: PyTree, pairs: PyTree) -> PyTree:
        leaves, structure = jax.tree.flatten(along)
        if not leaves:  # of the other player alone
            return along
        to, by = zip(*structure.flatten_up_to(pairs), strict=True)
        if scope == "global":
            to, by = ([_tree.joined(norms)] * len(leaves) for norms in (to, by))
        steps = [_rescale(d, t, b, eps) for d, t, b in zip(leaves, to, by, strict=True)]
        return jax.tree.unflatten(structure, steps)

    def init_fn(params: PyTree) -> GraftState:
        checks.check_floats(name, "params", params)
        return GraftState(magnitude=magnitude.init(params), direction=direction.init(params))

    def update_fn(
        updates: PyTree, state: GraftState, params: PyTree | None = None, **extra: Any
    ) -> tuple[PyTree, GraftState]:
        checks.check_floats(name, "updates", updates)
        checks.check_match(name, updates, params)
        to, magnitude_state = magnitude.update(updates, state.magnitude, params, **extra)
        along, direction_state = direction.update(updates, state.direction, params, **extra)
        pairs = zip(_leaf_norms(to), _tree.leaf_norms(along), strict=True)
        pairs = jax.tree.unflatten(jax.tree.structure(along), pairs)
        return trees.each_player(rescale, along, pairs), GraftState(
            magnitude=magnitude_state, direction=direction_state
        )

    return transformation(init_fn, update_fn)


def _leaf_norms(tree: PyTree) -> list[_tree.ScaledNorm]:
    """Returns the norm of each leaf, or the norms that stand in place of the leaves."""
    nodes = jax.tree.leaves(tree, is_leaf=_is_norm)
    return nodes if nodes and all(map(_is_norm, nodes)) else _tree.leaf_norms(tree)


def _is_norm(node: Any) -> bool:
    return isinstance(node, _tree.ScaledNorm)


def _rescale(leaf: jax.Array, to: _tree.ScaledNorm, by: _tree.ScaledNorm, eps: float) -> jax.Array:
    """Returns `to / (by + eps) · leaf`, without forming a norm that has no float."""
    by = by._replace(value=by.value + eps * by.scale)
    return ((_tree.unit(leaf, by) * to.value) / to.scale).astype(leaf.dtype)
