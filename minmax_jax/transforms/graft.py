"""Grafting, which combines one optimizer's step norm with another's direction."""

from typing import Any, NamedTuple

import jax
import optax

from minmax_jax._util import checks, norms, trees
from minmax_jax._util.norms import ScaledNorm
from minmax_jax._util.types import PyTree, transformation


class GraftState(NamedTuple):
    """State of `graft`.

    Attributes:
      magnitude: State of the transformation that determines the norm.
      direction: State of the transformation that determines the direction.
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
    """Combines the norm of one transformation's step with the direction of another's.

    Both transformations receive the same updates and params, and each has its own state. Let
    M_k and D_k be their steps for leaf k. With `scope="layer"` the result is
    `u_k = ‖M_k‖ / (‖D_k‖ + eps) · D_k`. With `scope="global"` the norms are taken over each
    player's whole tree. M and D include their learning rates; a constant learning rate of
    `direction` cancels if eps is zero. Norms neither overflow nor underflow. Where D is exactly
    zero, the step is zero. Elements below 1.2e-38 in float32 and bfloat16 (subnormal numbers)
    count as zero on CPU.

    **Cost.** No field evaluations.

    Args:
      magnitude: Transformation that determines the norm, for example Adam. Its update may
        return a `ScaledNorm` per leaf in place of the leaf, to avoid forming the step.
      direction: Transformation that determines the direction, for example SGD.
      scope: `"layer"` for norms of single leaves, or `"global"` for norms of each player's
        whole tree.
      eps: Constant added to the norm of the direction, as in the reference. With zero, the
        norm of the result is exact.
      name: Name used in error messages.

    Returns:
      An Optax transformation of any tree. Given `Players`, it takes norms per player. Both
      transformations receive the trees of both players, so they may be two-player methods.

    Raises:
      TypeError: If `magnitude` or `direction` is not an Optax gradient transformation, or a
        leaf is not floating-point.
      ValueError: If `scope` is unknown or `eps` is negative. In `init` and `update`, if the tree
        is empty or updates and params have different structures.

    Examples:
      >>> import jax.numpy as jnp, optax
      >>> import minmax_jax as mm
      >>> tx = mm.graft(magnitude=optax.sgd(0.1), direction=optax.sign_sgd(1.0))
      >>> g = jnp.array([3.0, 4.0])
      >>> u, _ = tx.update(g, tx.init(g))
      >>> print(u)  # The norm is 0.1 * 5, the direction is diagonal.
      [-0.35355338 -0.35355338]

    References:
      Agarwal, Anil, Hazan, Koren, Zhang, `Disentangling adaptive gradient methods from
      learning rates <https://arxiv.org/abs/2002.11803>`_, 2020, Algorithm 2 (AdaGraft).
      Jelassi et al., `Dissecting adaptive methods in GANs
      <https://arxiv.org/abs/2210.04319>`_, 2022.
    """
    magnitude_tx = checks.check_transformation(name, "magnitude", magnitude)
    direction_tx = checks.check_transformation(name, "direction", direction)
    checks.check_number(name, "eps", eps, schedule=False)
    checks.check_choice(name, "scope", scope, checks.SCOPES)

    def rescale(steps: PyTree, pairs: PyTree) -> PyTree:
        """Rescales one player's tree, given the new and the old norm of each leaf."""
        leaves, structure = jax.tree.flatten(steps)
        if not leaves:  # Only the other player has leaves.
            return steps
        new, old = zip(*structure.flatten_up_to(pairs), strict=True)
        if scope == "global":
            new, old = ([norms.joined(of)] * len(leaves) for of in (new, old))
        scaled = [_rescale(leaf, n, o, eps) for leaf, n, o in zip(leaves, new, old, strict=True)]
        return jax.tree.unflatten(structure, scaled)

    def init_fn(params: PyTree) -> GraftState:
        checks.check_floats(name, "params", params)
        return GraftState(magnitude=magnitude_tx.init(params), direction=direction_tx.init(params))

    def update_fn(
        updates: PyTree, state: GraftState, params: PyTree | None = None, **extra: Any
    ) -> tuple[PyTree, GraftState]:
        checks.check_floats(name, "updates", updates)
        checks.check_match(name, updates, params)
        checks.check_state(name, state, GraftState)
        sized, magnitude_state = magnitude_tx.update(updates, state.magnitude, params, **extra)
        steps, direction_state = direction_tx.update(updates, state.direction, params, **extra)
        # Norms are sums over the state of `magnitude`, and the direction has a sum of its own.
        after = sized if _has_norms(sized) else ()
        pairs = zip(_leaf_norms(sized), norms.leaf_norms(steps, after), strict=True)
        pairs = jax.tree.unflatten(jax.tree.structure(steps), pairs)
        return trees.each_player(rescale, steps, pairs), GraftState(
            magnitude=magnitude_state, direction=direction_state
        )

    return transformation(init_fn, update_fn)


def _leaf_norms(tree: PyTree) -> list[ScaledNorm]:
    """Returns the norm of each leaf, or the leaf itself if it is a norm."""
    return jax.tree.leaves(tree, is_leaf=_is_norm) if _has_norms(tree) else norms.leaf_norms(tree)


def _has_norms(tree: PyTree) -> bool:
    """Returns whether all leaves are norms, and there is at least one."""
    nodes = jax.tree.leaves(tree, is_leaf=_is_norm)
    return bool(nodes) and all(map(_is_norm, nodes))


def _is_norm(node: Any) -> bool:
    return isinstance(node, ScaledNorm)


def _rescale(leaf: jax.Array, new: ScaledNorm, old: ScaledNorm, eps: float) -> jax.Array:
    """Returns `new / (old + eps) · leaf`, without forming a norm that may overflow."""
    old = old._replace(value=old.value + eps * old.scale)
    return ((norms.unit(leaf, old) * new.value) / new.scale).astype(leaf.dtype)
