"""Quadratic games, which are determined by their Jacobian."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from minmax_jax._util.products import product
from minmax_jax._util.types import Players
from minmax_jax.field import payoff, zero_sum
from minmax_jax.games._game import Game

SOURCE = "folklore; its stability is in Mescheder, Nowozin, Geiger, arXiv 1705.10461, 2017"


def quadratic(
    min_curvature: Any = 1.0,
    coupling: Any = 1.0,
    max_curvature: Any = 1.0,
    *,
    linear: Players | None = None,
) -> Game:
    """Creates the quadratic game `f(x, y) = ½ xᵀP x + xᵀA y − ½ yᵀQ y + pᵀx + qᵀy`.

    The field is linear: `F(z) = J z + (p, −q)` with `J = [[P, A], [−Aᵀ, Q]]`. If P and Q are
    positive semidefinite, the field is monotone and its zero is the min-max point. Otherwise
    a zero can still attract gradient descent–ascent. An example is `quadratic(6, 4, -2)`, that
    is, 3x² + 4xy + y². Both eigenvalues of J are 2, but y = 0 minimizes the payoff at x = 0
    instead of maximizing it, and sup_y f is infinite. Such a point is not a min-max point, so
    `solution` is None.

    Args:
      min_curvature: Symmetric matrix P of shape (m, m), or a number for a multiple of the
        identity.
      coupling: Matrix A of shape (m, n), or a number for scalar players.
      max_curvature: Symmetric matrix Q of shape (n, n), or a number for a multiple of the
        identity.
      linear: Linear terms `Players(min=p, max=q)`, with the shapes of the players. Defaults to
        zeros.

    Returns:
      A `Game` that starts at ones. Its solution is the zero of F, or None if J is singular, or
      P or Q is not positive semidefinite.

    Raises:
      ValueError: If shapes do not match, or a curvature is not symmetric.

    Examples:
      Gradient descent–ascent converges to a point where y minimizes the payoff:

      >>> import minmax_jax as mm
      >>> game = mm.games.quadratic(6.0, 4.0, -2.0)
      >>> end = mm.solve(mm.sgda(0.1), game.field_fn, game.start, 200).players
      >>> print(abs(end.min) < 1e-6, game.payoff_fn(end) < game.payoff_fn(mm.Players(0.0, 1.0)))
      True True
      >>> print(game.solution)
      None

    References:
      Mescheder, Nowozin, Geiger, `The numerics of GANs <https://arxiv.org/abs/1705.10461>`_,
      2017.

      Mazumdar, Jordan, Sastry, `On finding local Nash equilibria (and only local Nash
      equilibria) in zero-sum games <https://arxiv.org/abs/1901.00838>`_, 2019.
    """
    a = np.asarray(coupling, np.float64)
    if a.ndim not in (0, 2):
        raise ValueError(
            f"quadratic: coupling must be a number or a matrix, got shape {a.shape}. "
            "Rows belong to the min player and columns to the max player."
        )
    rows, columns = np.atleast_2d(a).shape
    p_matrix = _curvature("min_curvature", min_curvature, rows)
    q_matrix = _curvature("max_curvature", max_curvature, columns)
    shapes = ((), ()) if a.ndim == 0 else ((rows,), (columns,))
    p, q = _linear(linear, shapes)

    def value(z: Players) -> jax.Array:
        x, y = jnp.ravel(z.min), jnp.ravel(z.max)
        own = product(0.5 * x, _like(p_matrix, x), x) - product(0.5 * y, _like(q_matrix, y), y)
        both = product(x, _like(np.atleast_2d(a), x), y)
        return own + both + product(x, _like(p.ravel(), x)) + product(y, _like(q.ravel(), y))

    start = Players(*(jnp.ones(shape) for shape in shapes))
    solution = _solution(p_matrix, np.atleast_2d(a), q_matrix, p, q)
    return Game(zero_sum(value), payoff(value), start, solution, source=SOURCE)


def _like(constant: np.ndarray, x: jax.Array) -> jax.Array:
    """Converts a constant to the players' dtype, so that bfloat16 players stay bfloat16."""
    return jnp.asarray(constant, x.dtype)


def _curvature(argument: str, value: Any, size: int) -> np.ndarray:
    value = np.asarray(value, np.float64)
    matrix = value * np.eye(size) if value.ndim == 0 else value
    if matrix.shape != (size, size) or not np.allclose(matrix, matrix.T):
        raise ValueError(
            f"quadratic: {argument} must be a number or a symmetric matrix of shape "
            f"({size}, {size}) to match coupling, got {value!r}."
        )
    return matrix


def _linear(linear: Players | None, shapes: tuple[Any, Any]) -> tuple[np.ndarray, np.ndarray]:
    if linear is None:
        return np.zeros(shapes[0]), np.zeros(shapes[1])
    p, q = (np.asarray(side, np.float64) for side in linear)
    if (p.shape, q.shape) != shapes:
        raise ValueError(
            f"quadratic: linear must be Players with the shapes {shapes[0]} and {shapes[1]}, "
            f"got {p.shape} and {q.shape}."
        )
    return p, q


def _solution(
    p_matrix: np.ndarray, a: np.ndarray, q_matrix: np.ndarray, p: np.ndarray, q: np.ndarray
) -> Players | None:
    """Returns the zero of F, or None if it is not unique or not a min-max point."""
    if min(np.linalg.eigvalsh(p_matrix)[0], np.linalg.eigvalsh(q_matrix)[0]) < -1e-12:
        return None
    jacobian = np.block([[p_matrix, a], [-a.T, q_matrix]])
    if np.linalg.matrix_rank(jacobian) < len(jacobian):
        return None
    z = np.linalg.solve(jacobian, np.concatenate([-p.ravel(), q.ravel()]))
    x, y = np.split(z, [len(p_matrix)])
    return Players(jnp.asarray(x.reshape(p.shape)), jnp.asarray(y.reshape(q.shape)))
