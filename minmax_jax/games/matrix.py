"""Matrix games with mixed strategies."""

from typing import Any

import jax.numpy as jnp
import numpy as np
import optax

from minmax_jax._util import trees
from minmax_jax._util.products import product
from minmax_jax._util.types import Players, PyTree
from minmax_jax.field import payoff, zero_sum
from minmax_jax.games._game import Game

ROCK_PAPER_SCISSORS = ((0.0, 1.0, -1.0), (-1.0, 0.0, 1.0), (1.0, -1.0, 0.0))
"""Payments from the min player (rows) to the max player (columns)."""

SOURCE = "von Neumann, Zur Theorie der Gesellschaftsspiele, Math. Annalen 100, 1928"


def matrix(payoffs: Any = ROCK_PAPER_SCISSORS) -> Game:
    """Creates the matrix game `f(x, y) = xᵀA y` over probability vectors x and y.

    Pass `game.projection` as the `projection` of an optimizer to stay on the simplices. For
    the exact duality gap of a point, pass `diagnostics.best_vertices(game.field_fn)` to
    `diagnostics.duality_gap`.

    Args:
      payoffs: Matrix A of shape (m, n): payments from the min player (rows) to the max player
        (columns). Defaults to rock–paper–scissors.

    Returns:
      A `Game` that starts at weights proportional to (1, …, m) and (n, …, 1). Its
      `solution` is known if A is square and the game is completely mixed, that is, if
      `A y = v 1` and `Aᵀx = v 1` have a unique solution with positive weights.

    Raises:
      ValueError: If `payoffs` is not a matrix.

    Examples:
      Projected gradient descent–ascent cycles along the border of the simplices; the solution
      has duality gap 0:

      >>> import minmax_jax as mm
      >>> game = mm.games.matrix()
      >>> optimizer = mm.sgda(0.1, projection=game.projection)
      >>> end = mm.solve(optimizer, game.field_fn, game.start, 1000).players
      >>> best = mm.diagnostics.best_vertices(game.field_fn)
      >>> gap = mm.diagnostics.duality_gap(game.payoff_fn, end, best_responses=best)
      >>> bool(gap > 0.5)
      True

    References:
      Kaplansky, `A contribution to von Neumann's theory of games
      <https://doi.org/10.2307/1969205>`_, 1945.
    """
    a = np.asarray(payoffs, np.float64)
    if a.ndim != 2:
        raise ValueError(
            f"matrix: payoffs must be a matrix, got {payoffs!r}. Rows belong to the min player."
        )

    def value(z: Players) -> Any:
        return product(z.min, jnp.asarray(a, z.min.dtype), z.max)

    rows, columns = a.shape
    start = Players(
        min=jnp.arange(1.0, rows + 1) / (rows * (rows + 1) / 2),
        max=jnp.arange(columns, 0.0, -1) / (columns * (columns + 1) / 2),
    )
    return Game(zero_sum(value), payoff(value), start, _completely_mixed(a), _simplex, SOURCE)


def _simplex(tree: PyTree) -> PyTree:
    """Projects both players, or one player's parameters, onto the simplex."""
    return trees.each_player(optax.projections.projection_simplex, tree)


def _completely_mixed(a: np.ndarray) -> Players | None:
    """Returns the equilibrium of a completely mixed matrix game, or None.

    It is the solution (x, y) of `A y = v 1, 1ᵀy = 1` and `Aᵀx = v 1, 1ᵀx = 1` with the value v
    of the game. The result is None if A is not square, the solution is not unique, or a weight
    is not positive.
    """
    size = len(a)
    if a.shape != (size, size):
        return None
    one, right = np.ones((size, 1)), np.append(np.zeros(size), 1.0)
    weights = []
    for side in (a.T, a):
        system = np.block([[side, -one], [one.T, np.zeros((1, 1))]])
        if np.linalg.matrix_rank(system) <= size:
            return None
        weights.append(np.linalg.solve(system, right)[:size])
    if min(side.min() for side in weights) <= 1e-9:
        return None
    return Players(*(jnp.asarray(side) for side in weights))
