"""Bilinear games, on which gradient descent–ascent diverges."""

from typing import Any

from minmax_jax._util.types import Players
from minmax_jax.games._game import Game
from minmax_jax.games.quadratic import quadratic

SOURCE = "folklore; Daskalakis, Ilyas, Syrgkanis, Zeng, arXiv 1711.00141, 2018, among others"


def bilinear(coupling: Any = 1.0, *, linear: Players | None = None) -> Game:
    """Creates the bilinear game `f(x, y) = xᵀA y + pᵀx + qᵀy` without constraints.

    The eigenvalues of the Jacobian are ±iσ for the singular values σ of A, so the field only
    rotates. On f = xy, gradient descent–ascent multiplies the squared distance to the solution
    by 1 + η² per update, and extragradient by 1 − η² + η⁴.

    Args:
      coupling: Matrix A of shape (m, n), or a number for scalar players.
      linear: Linear terms `Players(min=p, max=q)`, with the shapes of the players. Defaults to
        zeros.

    Returns:
      A `Game` that starts at ones. Its `solution` is known if A is square and invertible.

    Raises:
      ValueError: If `coupling` is not a number or matrix, or `linear` has other shapes.

    Examples:
      Ten updates with η = 1 multiply the squared distance to the solution by 2¹⁰:

      >>> import minmax_jax as mm
      >>> game = mm.games.bilinear()
      >>> end = mm.solve(mm.sgda(1.0), game.field_fn, game.start, 10).players
      >>> print(end.min**2 + end.max**2)
      2048.0

    References:
      Daskalakis, Ilyas, Syrgkanis, Zeng, `Training GANs with optimism
      <https://arxiv.org/abs/1711.00141>`_, 2018.
    """
    return quadratic(0.0, coupling, 0.0, linear=linear)._replace(source=SOURCE)
