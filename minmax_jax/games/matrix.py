"""Matrix games: mixed strategies on two simplices."""

from typing import Any

import jax.numpy as jnp
import numpy as np
import optax

from minmax_jax._util import trees
from minmax_jax._util.types import Players, PyTree
from minmax_jax.field import payoff, zero_sum
from minmax_jax.games._game import Game

ROCK_PAPER_SCISSORS = ((0.0, 1.0, -1.0), (-1.0, 0.0, 1.0), (1.0, -1.0, 0.0))
"""What the min player, by rows, pays the max player, by columns."""

SOURCE = "von Neumann, Zur Theorie der Gesellschaftsspiele, Math. Annalen 100, 1928"


def matrix(payoffs: Any = ROCK_PAPER_SCISSORS) -> Game:
    """Makes `f(x, y) = xᵀA y` over probability vectors x and y.

    `projection` maps onto the simplices: hand `mm.project(game.projection)` to a method's
    `transform`. Without it the game is `bilinear`. How far a point is from the value is
    exact: `diagnostics.duality_gap` with `diagnostics.best_vertices(field_fn)`.

    Args:
      payoffs: A, (m, n): what the min player pays for its row and the other's column.

    Returns:
      A `Game` that starts at weights proportional to (1, …, m) and (n, …, 1). `solution` is
      given for completely mixed square games, where it is one linear system: `A y = v 1`,
      `Aᵀx = v 1` with all weights positive; of other games it is None.

    Raises:
      ValueError: if payoffs is no matrix.

    Examples:
      >>> import minmax_jax as mm
      >>> game = mm.games.matrix()  # rock, paper, scissors
      >>> optimizer = mm.sgda(0.1, transform=mm.project(game.projection))
      >>> end = mm.solve(optimizer, game.field_fn, game.start, 1000).players
      >>> best = mm.diagnostics.best_vertices(game.field_fn)
      >>> gap = mm.diagnostics.duality_gap(game.payoff_fn, end, best_responses=best)
      >>> bool(gap > 0.5)  # descent–ascent runs round the border; the solution has gap 0
      True

    References:
      Kaplansky, `A contribution to von Neumann's theory of games
      <https://doi.org/10.2307/1969205>`_, 1945, on completely mixed games.
    """
    a = np.asarray(payoffs, np.float64)
    if a.ndim != 2:
        raise ValueError(f"matrix: payoffs must be a matrix (rows: min player), got {payoffs!r}.")

    def value(z: Players) -> Any:
        return z.min @ jnp.asarray(a, z.min.dtype) @ z.max

    rows, columns = a.shape
    start = Players(
        min=jnp.arange(1.0, rows + 1) / (rows * (rows + 1) / 2),
        max=jnp.arange(columns, 0.0, -1) / (columns * (columns + 1) / 2),
    )
    return Game(zero_sum(value), payoff(value), start, _completely_mixed(a), _simplex, SOURCE)


def _simplex(tree: PyTree) -> PyTree:
    """Projects each player, or a single player's tree, onto its simplex."""
    return trees.each_player(optax.projections.projection_simplex, tree)


def _completely_mixed(a: np.ndarray) -> Players | None:
    """Solves `A y = v 1, 1ᵀy = 1` and `Aᵀx = v 1, 1ᵀx = 1`, if all weights are positive."""
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
