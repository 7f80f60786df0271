"""Norms of fields and updates, per player and over both players."""

import jax

from minmax_jax._util import checks
from minmax_jax._util import norms as _tree
from minmax_jax._util.types import Players


def player_norms(tree: Players) -> Players:
    """Returns the Euclidean norm of each player's pytree.

    Args:
      tree: Fields, updates, gradients or parameters of both players.

    Returns:
      `Players` of two scalars, accumulated in float32 or wider.

    Raises:
      TypeError: If `tree` is not `Players`, or has leaves that are not floating-point.
      ValueError: If a player has no leaves.

    Examples:
      >>> import jax.numpy as jnp
      >>> import minmax_jax as mm
      >>> norms = mm.diagnostics.player_norms(mm.Players(jnp.array([3.0, 4.0]), jnp.array(2.0)))
      >>> print(norms.min, norms.max)
      5.0 2.0
    """
    checks.check_players("player_norms", "tree", tree)
    return Players(min=_tree.norm(tree.min), max=_tree.norm(tree.max))


def norm_ratio(tree: Players) -> jax.Array:
    """Returns the ratio of norms `‖max‖ / ‖min‖`.

    For updates, the ratio shows how the optimizer balances the players. For gradients,
    Jelassi et al. (2022) report better samples when the ratio is close to one.

    Args:
      tree: Fields, gradients or updates of both players.

    Returns:
      A scalar. It is inf if only the min player's norm is zero, and NaN if both are.

    Raises:
      TypeError: If `tree` is not `Players`, or has leaves that are not floating-point.
      ValueError: If a player has no leaves.

    Examples:
      >>> import jax.numpy as jnp
      >>> import minmax_jax as mm
      >>> print(mm.diagnostics.norm_ratio(mm.Players(jnp.array(2.0), jnp.array([3.0, 4.0]))))
      2.5

    References:
      Jelassi, Dobre, Mensch, Li, Gidel, `Dissecting adaptive methods in GANs
      <https://arxiv.org/abs/2210.04319>`_, 2022.
    """
    norms = player_norms(tree)
    return norms.max / norms.min


def hamiltonian(field: Players) -> jax.Array:
    """Returns the Hamiltonian `½‖F‖²` over both players, which is zero where the field is zero.

    Hamiltonian gradient descent minimizes this function, and consensus optimization adds its
    gradient to the field. It does not distinguish equilibria from other stationary points.

    Args:
      field: Vector field F at the point in question.

    Returns:
      A scalar, accumulated in float32 or wider. It is inf if it overflows.

    Raises:
      TypeError: If `field` is not `Players`, or has leaves that are not floating-point.
      ValueError: If a player has no leaves.

    Examples:
      >>> import jax.numpy as jnp
      >>> import minmax_jax as mm
      >>> print(mm.diagnostics.hamiltonian(mm.Players(jnp.array(3.0), jnp.array(4.0))))
      12.5
    """
    checks.check_players("hamiltonian", "field", field)
    return 0.5 * _tree.norm(field) ** 2
