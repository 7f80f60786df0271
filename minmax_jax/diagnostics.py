"""What a person wants to watch: pure functions, with no effect on the update."""

import jax

from minmax_jax import _checks, _tree
from minmax_jax._types import Players


def player_norms(tree: Players) -> Players:
    """Returns each player's Euclidean norm over its whole tree.

    Args:
      tree: `Players` of fields, updates, gradients or parameters.

    Returns:
      `Players` of two scalars, accumulated in float32 at least.

    Raises:
      TypeError, ValueError: if `tree` is no `Players` of floats.

    Examples:
      >>> import jax.numpy as jnp
      >>> import minmax_jax as mm
      >>> norms = mm.diagnostics.player_norms(mm.Players(jnp.array([3.0, 4.0]), jnp.array(2.0)))
      >>> print(norms.min, norms.max)
      5.0 2.0
    """
    _checks.check_players("player_norms", "tree", tree)
    return Players(min=_tree.norm(tree.min), max=_tree.norm(tree.max))


def pace(tree: Players) -> jax.Array:
    """Returns how much faster the max player moves: `‖max‖ / ‖min‖`.

    Of gradients it is the ratio whose nearness to one goes with quality according to
    Jelassi et al. (2022); of updates it says how the method balances the players. inf
    where only the min player stands still, NaN where both do.

    Args:
      tree: `Players` of fields or updates.

    Returns:
      A scalar.

    Raises:
      TypeError, ValueError: as `player_norms`.

    Examples:
      >>> import jax.numpy as jnp
      >>> import minmax_jax as mm
      >>> print(mm.diagnostics.pace(mm.Players(jnp.array(2.0), jnp.array([3.0, 4.0]))))
      2.5
    """
    norms = player_norms(tree)
    return norms.max / norms.min
