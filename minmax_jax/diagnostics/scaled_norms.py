"""Norms in units in which players of different size can be compared."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from minmax_jax._util import checks
from minmax_jax._util import norms as _tree
from minmax_jax._util.types import Players


class ScaledNorms(NamedTuple):
    """One player's norm against another's, in three units; each `Players` of scalars.

    Attributes:
      raw: the norm.
      per_root_size: the norm by √(number of parameters): the root mean square.
      relative: the norm by the norm of the parameters; inf for parameters that are zero.
    """

    raw: Players
    per_root_size: Players
    relative: Players


def scaled_norms(norms: Players, players: Players) -> ScaledNorms:
    """Returns norms raw, per √(number of parameters) and relative to the parameters' norm.

    A discriminator with more or larger parameters has another gradient norm for that reason
    alone. Networks with BatchNorm do not change when a layer's weights are scaled by c, but
    its gradient does, by 1/c, and ‖g‖/‖z‖ by 1/c²: no single unit settles a comparison.

    Args:
      norms: `Players` of two scalars, as from `player_norms`, or roots of `noise_floor`'s
        corrected squares.
      players: the parameters.

    Returns:
      `ScaledNorms`.

    Raises:
      TypeError, ValueError: if players is no `Players` of floats.

    Examples:
      >>> import jax.numpy as jnp
      >>> import minmax_jax as mm
      >>> z = mm.Players(jnp.ones(4), jnp.full(16, 0.5))
      >>> field = mm.Players(jnp.full(4, 3.0), jnp.full(16, 3.0))
      >>> norms = mm.diagnostics.player_norms(field)
      >>> for seen in mm.diagnostics.scaled_norms(norms, z):
      ...     print(seen.min, seen.max)
      6.0 12.0
      3.0 3.0
      3.0 6.0
    """
    checks.check_players("scaled_norms", "norms", norms)
    checks.check_players("scaled_norms", "players", players)
    return ScaledNorms(
        raw=Players(*map(jnp.asarray, norms)),
        per_root_size=Players(*(n / _size(z) ** 0.5 for n, z in zip(norms, players, strict=True))),
        relative=Players(*(n / _tree.norm(z) for n, z in zip(norms, players, strict=True))),
    )


def _size(tree: Players) -> int:
    return sum(jnp.size(leaf) for leaf in jax.tree.leaves(tree))
