"""Robust least squares, a regression with adversarial targets."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from minmax_jax._util import checks
from minmax_jax._util.products import product
from minmax_jax._util.types import Players
from minmax_jax.field import payoff, zero_sum
from minmax_jax.games._game import Game

SOURCE = (
    "El Ghaoui, Lebret, Robust solutions to least-squares problems with uncertain data, SIAM J. "
    "Matrix Anal. Appl. 18, 1997; penalized form: Yang, Kiyavash, He, arXiv 2002.09621, 2020, "
    "with a factor ½, not checked against the paper"
)


def robust_least_squares(features: Any, targets: Any, *, penalty: float = 3.0) -> Game:
    """Creates the game `f(x, y) = ½‖A x − y‖² − (λ/2)‖y − y₀‖²` from regression data.

    x are the coefficients. y are the targets, which an adversary moves away from the measured
    targets y₀ at cost λ. The game is convex in x and strongly concave in y, with
    `max_y f = λ/(λ−1) · ½‖A x − y₀‖²`. So the solution has the coefficients of ordinary
    least squares, and `y* = (λ y₀ − A x*) / (λ − 1)`. The Hessian in x is AᵀA, which is badly
    conditioned for real data.

    Args:
      features: Matrix A of shape (n, d) with full column rank. Add a column of ones for an
        intercept.
      targets: Measured targets y₀ of shape (n,).
      penalty: Penalty λ > 1.

    Returns:
      A `Game` that starts at x = 0 and y = y₀. Its `solution` is None if A does not have
      full column rank, because the optimal x is not unique then.

    Raises:
      TypeError: If `penalty` is not a number.
      ValueError: If shapes do not match, or `penalty` is 1 or less.

    Examples:
      >>> import jax.numpy as jnp
      >>> import minmax_jax as mm
      >>> game = mm.games.robust_least_squares([[1.0], [2.0]], [1.0, 3.0])
      >>> print(game.solution.min, game.solution.max)
      [1.4] [0.8 3.1]

    References:
      El Ghaoui, Lebret, `Robust solutions to least-squares problems with uncertain data
      <https://doi.org/10.1137/S0895479896298130>`_, 1997.

      Yang, Kiyavash, He, `Global convergence and variance reduction for a class of
      nonconvex-nonconcave minimax problems <https://arxiv.org/abs/2002.09621>`_, 2020.
    """
    a, y0 = np.asarray(features, np.float64), np.asarray(targets, np.float64)
    if a.ndim != 2 or y0.shape != a.shape[:1]:
        raise ValueError(
            "robust_least_squares: features must be a matrix (n, d) and targets a vector (n,), "
            f"got shapes {a.shape} and {y0.shape}."
        )
    checks.check_number("robust_least_squares", "penalty", penalty, schedule=False)
    if not penalty > 1:
        raise ValueError(
            f"robust_least_squares: penalty must be above 1, got {penalty}. With smaller "
            "penalties, the max player's optimum is infinite."
        )

    def value(z: Players) -> jax.Array:
        x, y = z
        residual = product(jnp.asarray(a, x.dtype), x) - y
        moved = y - jnp.asarray(y0, y.dtype)
        return 0.5 * jnp.sum(residual**2) - 0.5 * penalty * jnp.sum(moved**2)

    start = Players(jnp.zeros(a.shape[1]), jnp.asarray(y0, jnp.zeros(0).dtype))
    solution = _solution(a, y0, penalty)
    return Game(zero_sum(value), payoff(value), start, solution, source=SOURCE)


def _solution(a: np.ndarray, y0: np.ndarray, penalty: float) -> Players | None:
    x, _, rank, _ = np.linalg.lstsq(a, y0)
    if rank < a.shape[1]:
        return None
    y = (penalty * y0 - a @ x) / (penalty - 1)
    return Players(jnp.asarray(x), jnp.asarray(y))
