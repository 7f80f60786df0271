"""Gradient norms in units that allow comparing players of different sizes."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from minmax_jax._util import checks
from minmax_jax._util import norms as _tree
from minmax_jax._util.types import Players


class ScaledNorms(NamedTuple):
    """The players' norms in three units, each as `Players` of scalars.

    Attributes:
      raw: Norms.
      per_root_size: Norms divided by √(number of parameters): root mean squares.
      relative: Norms divided by the norms of the parameters. For a player whose
        parameters are all zero, it is inf, or NaN if the player's norm is zero too.
    """

    raw: Players
    per_root_size: Players
    relative: Players


def scaled_norms(norms: Players, players: Players) -> ScaledNorms:
    """Returns norms raw, per √(number of parameters), and relative to the parameters' norm.

    A player with more parameters, or with larger ones, has a different gradient norm for
    this reason alone. With BatchNorm, scaling the weights of one layer by c leaves the
    network unchanged, but changes the layer's gradient g by 1/c and ‖g‖/‖z‖ by 1/c². So no
    single unit is right for every comparison.

    Args:
      norms: Two norms, for example from `player_norms` or square roots of the corrected
        squares of `noise_floor`.
      players: Parameters of both players.

    Returns:
      The norms in three units.

    Raises:
      TypeError: If an argument is not `Players`, or has leaves that are not floating-point.
      ValueError: If a player has no leaves.

    Examples:
      >>> import jax.numpy as jnp
      >>> import minmax_jax as mm
      >>> z = mm.Players(jnp.ones(4), jnp.full(16, 0.5))
      >>> field = mm.Players(jnp.full(4, 3.0), jnp.full(16, 3.0))
      >>> norms = mm.diagnostics.player_norms(field)
      >>> for unit in mm.diagnostics.scaled_norms(norms, z):
      ...     print(unit.min, unit.max)
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
