"""The polar game, which has an attracting and a repelling limit cycle."""

from typing import Any

import jax
import jax.numpy as jnp

from minmax_jax._util import checks
from minmax_jax._util.types import Players, PyTree
from minmax_jax.field import general_sum
from minmax_jax.games._game import Game

SOURCE = "Pethick, Latafat, Patrinos, Fercoq, Cevher, arXiv 2302.09831, 2022, polar game"
BOUND = 1.1


def polar(strength: Any = 1 / 3) -> Game:
    """Creates the polar game, whose flow has limit cycles at the radii 1 and 3/4.

    With a = `strength` and r² = x² + y², the field and its constraint set are

        F(x, y) = (ψ(r) x − y, ψ(r) y + x),  ψ(r) = a (r² − 1)(16 r² − 9) / 16,  |x|, |y| ≤ 1.1

    The flow dz/dt = −F(z) rotates, and the radius satisfies dr/dt = −r ψ(r). The circle of radius
    1 therefore attracts, the circle of radius 3/4 repels, and the solution 0 attracts what is
    inside of it. Gradient descent–ascent ends close to the outer circle; extragradient reaches 0.

    The game is not zero-sum. The losses are V(r) − xy and V(r) + xy, with the common potential
    V(r) = a (16 r⁶/3 − 25 r⁴/2 + 9 r²) / 32.

    Args:
      strength: Strength a of the radial part: a nonnegative number.

    Returns:
      A `Game` of two scalars that starts at (1, 0.5). `projection` clips to the box.

    Raises:
      TypeError: If `strength` is not a number.
      ValueError: If `strength` is negative or not finite.

    Examples:
      Gradient descent–ascent approaches the cycle of radius 1, extragradient the solution:

      >>> import minmax_jax as mm
      >>> game = mm.games.polar()
      >>> for tx in (mm.sgda(0.01), mm.extragradient(0.1)):
      ...     end = mm.solve(tx, game.field_fn, game.start, 2000).players
      ...     print(round(float(end.min**2 + end.max**2) ** 0.5, 1))
      1.0
      0.0

    References:
      Pethick, Latafat, Patrinos, Fercoq, Cevher, `Escaping limit cycles: global convergence for
      constrained nonconvex-nonconcave minimax problems <https://arxiv.org/abs/2302.09831>`_, 2022.
    """
    a = checks.check_number("polar", "strength", strength, schedule=False)

    def shared(z: Players) -> jax.Array:
        square = z.min**2 + z.max**2
        return a * (16 / 3 * square**3 - 25 / 2 * square**2 + 9 * square) / 32

    field_fn = general_sum(
        lambda z: shared(z) - z.min * z.max,
        lambda z: shared(z) + z.min * z.max,
    )
    start = Players(jnp.asarray(1.0), jnp.asarray(0.5))
    zero = Players(jnp.zeros(()), jnp.zeros(()))
    return Game(field_fn, None, start, zero, _clip, SOURCE)


def _clip(tree: PyTree) -> PyTree:
    return jax.tree.map(lambda leaf: jnp.clip(leaf, -BOUND, BOUND), tree)
