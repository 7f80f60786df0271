"""How long fields and steps are, player by player and together."""

import jax

from minmax_jax._util import checks
from minmax_jax._util import norms as _tree
from minmax_jax._util.types import Players


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
    checks.check_players("player_norms", "tree", tree)
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


def hamiltonian(field: Players) -> jax.Array:
    """Returns `½‖F‖²` over both players: zero exactly where the field is.

    The function that consensus optimisation and Hamiltonian gradient descent make smaller;
    it takes no side, so that it falls towards any stationary point.

    Args:
      field: `Players`, F at the point in question.

    Returns:
      A scalar, accumulated in float32 at least; inf where no float holds it.

    Raises:
      TypeError, ValueError: as `player_norms`.

    Examples:
      >>> import jax.numpy as jnp
      >>> import minmax_jax as mm
      >>> print(mm.diagnostics.hamiltonian(mm.Players(jnp.array(3.0), jnp.array(4.0))))
      12.5
    """
    checks.check_players("hamiltonian", "field", field)
    return 0.5 * _tree.norm(field) ** 2
