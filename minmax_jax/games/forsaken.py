"""The Forsaken game, whose limit cycle attracts many methods."""

from typing import Any

import jax
import jax.numpy as jnp

from minmax_jax._util.types import Players, PyTree
from minmax_jax.field import payoff, zero_sum
from minmax_jax.games._game import Game

SOURCE = "Hsieh, Mertikopoulos, Cevher, arXiv 2006.09065, 2021; name and box from Pethick et al."
BOUND = 1.5


def forsaken() -> Game:
    """Creates the planar game Forsaken, on which many methods end in a limit cycle.

    The payoff and its constraint set are

        f(x, y) = x (y − 0.45) + φ(x) − φ(y),  φ(t) = t²/4 − t⁴/2 + t⁶/6,  |x|, |y| ≤ 1.5

    Its only critical point is (0.0780, 0.4119). There, the Jacobian of the field has the
    eigenvalues 0.045 ± 0.908i, so the point attracts the flow dz/dt = −F(z), but only from a small
    neighborhood. Gradient descent–ascent ends in a cycle around it, and so do extragradient and
    EG+ with small learning rates; `curvature_extragradient` reaches it without tuning.

    Returns:
      A `Game` of two scalars that starts at (1, −0.8). `projection` clips to the box.

    Examples:
      Gradient descent–ascent and extragradient end in the cycle:

      >>> import minmax_jax as mm
      >>> game = mm.games.forsaken()
      >>> for tx in (mm.sgda(0.05), mm.extragradient(0.1)):
      ...     end = mm.solve(tx, game.field_fn, game.start, 2000).players
      ...     apart = mm.Players(end.min - game.solution.min, end.max - game.solution.max)
      ...     print(bool(apart.min**2 + apart.max**2 > 1))
      True
      True

    References:
      Hsieh, Mertikopoulos, Cevher, `The limits of min-max optimization algorithms: convergence
      to spurious non-critical sets <https://arxiv.org/abs/2006.09065>`_, 2021.

      Pethick, Latafat, Patrinos, Fercoq, Cevher, `Escaping limit cycles: global convergence for
      constrained nonconvex-nonconcave minimax problems <https://arxiv.org/abs/2302.09831>`_, 2022.
    """

    def value(z: Players) -> jax.Array:
        return z.min * (z.max - 0.45) + _potential(z.min) - _potential(z.max)

    start = Players(jnp.asarray(1.0), jnp.asarray(-0.8))
    solution = Players(jnp.asarray(0.07802666873846009), jnp.asarray(0.41193385136581984))
    return Game(zero_sum(value), payoff(value), start, solution, _clip, SOURCE)


def _potential(t: Any) -> Any:
    return t**2 / 4 - t**4 / 2 + t**6 / 6


def _clip(tree: PyTree) -> PyTree:
    return jax.tree.map(lambda leaf: jnp.clip(leaf, -BOUND, BOUND), tree)
