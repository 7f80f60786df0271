"""Bilinear games: pure rotation, where plain descent–ascent diverges at any rate."""

from typing import Any

from minmax_jax._util.types import Players
from minmax_jax.games._game import Game
from minmax_jax.games.quadratic import quadratic

SOURCE = "folklore; Daskalakis, Ilyas, Syrgkanis, Zeng, arXiv 1711.00141, 2018, among others"


def bilinear(coupling: Any = 1.0, *, linear: Players | None = None) -> Game:
    """Makes `f(x, y) = xᵀA y + pᵀx + qᵀy`, unconstrained.

    The eigenvalues of its Jacobian are ±iσ, σ the singular values of A: descent–ascent
    multiplies the squared distance of f = xy from the solution by 1 + η² a step,
    extragradient by 1 − η² + η⁴.

    Args:
      coupling: A, a number for scalar players, or an (m, n) matrix.
      linear: `Players(min=p, max=q)`, of the players' shapes; None for zeros.

    Returns:
      A `Game` that starts at ones; `solution` is given where A is square and invertible.

    Raises:
      ValueError: as `quadratic`.

    Examples:
      >>> import minmax_jax as mm
      >>> game = mm.games.bilinear()
      >>> end = mm.solve(mm.sgda(1.0), game.field_fn, game.start, 10).players
      >>> print(end.min**2 + end.max**2)  # 2 (1 + η²)¹⁰
      2048.0

    References:
      Daskalakis, Ilyas, Syrgkanis, Zeng, `Training GANs with optimism
      <https://arxiv.org/abs/1711.00141>`_, 2018.
    """
    return quadratic(0.0, coupling, 0.0, linear=linear)._replace(source=SOURCE)
