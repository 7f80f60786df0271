"""Quadratic games: everything about them is one matrix, their Jacobian."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

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
    """Makes `f(x, y) = ½ xᵀP x + xᵀA y − ½ yᵀQ y + pᵀx + qᵀy`.

    The field is linear, `F(z) = J z + (p, −q)` with `J = [[P, A], [−Aᵀ, Q]]`. Where P and Q
    are positive semidefinite it is monotone and its zero is the min-max point. Elsewhere a
    zero may attract descent–ascent all the same: `quadratic(6, 4, -2)` is
    `3x² + 4xy + y²`, where the eigenvalues of J are 2 and 2, although y = 0 is the *worst*
    answer to x = 0 and sup_y f is infinite. Such a local saddle is no min-max point, and
    its `solution` is None.

    Args:
      min_curvature: P, a number (times the identity) or a symmetric (m, m) matrix.
      coupling: A, a number for scalar players, or an (m, n) matrix.
      max_curvature: Q, a number or a symmetric (n, n) matrix.
      linear: `Players(min=p, max=q)`, of the players' shapes; None for zeros.

    Returns:
      A `Game` that starts at ones. `solution` solves `F(z) = 0`, and is None where J is
      singular or P or Q is not positive semidefinite.

    Raises:
      ValueError: for shapes that do not fit, or curvatures that are not symmetric.

    Examples:
      Descent–ascent settles where the max player has its worst answer:

      >>> import minmax_jax as mm
      >>> game = mm.games.quadratic(6.0, 4.0, -2.0)
      >>> end = mm.solve(mm.sgda(0.1), game.field_fn, game.start, 200).players
      >>> print(abs(end.min) < 1e-6, game.payoff_fn(end) < game.payoff_fn(mm.Players(0.0, 1.0)))
      True True
      >>> print(game.solution)
      None

    References:
      Mescheder, Nowozin, Geiger, `The numerics of GANs <https://arxiv.org/abs/1705.10461>`_,
      2017. Mazumdar, Jordan, Sastry, `On finding local Nash equilibria (and only local Nash
      equilibria) in zero-sum games <https://arxiv.org/abs/1901.00838>`_, 2019, on attractors
      that are no equilibria.
    """
    a = np.asarray(coupling, np.float64)
    if a.ndim not in (0, 2):
        raise ValueError(
            f"quadratic: coupling must be a number or a matrix, got shape {a.shape}; "
            "its rows are the min player's coordinates, its columns the max player's."
        )
    rows, columns = np.atleast_2d(a).shape
    p_matrix = _curvature("min_curvature", min_curvature, rows)
    q_matrix = _curvature("max_curvature", max_curvature, columns)
    shapes = ((), ()) if a.ndim == 0 else ((rows,), (columns,))
    p, q = _linear(linear, shapes)

    def value(z: Players) -> jax.Array:
        x, y = jnp.ravel(z.min), jnp.ravel(z.max)
        own = 0.5 * x @ _like(p_matrix, x) @ x - 0.5 * y @ _like(q_matrix, y) @ y
        both = x @ _like(np.atleast_2d(a), x) @ y
        return own + both + x @ _like(p.ravel(), x) + y @ _like(q.ravel(), y)

    start = Players(*(jnp.ones(shape) for shape in shapes))
    solution = _solution(p_matrix, np.atleast_2d(a), q_matrix, p, q)
    return Game(zero_sum(value), payoff(value), start, solution, source=SOURCE)


def _like(constant: np.ndarray, x: jax.Array) -> jax.Array:
    """A constant in the players' dtype, so that bfloat16 players stay so."""
    return jnp.asarray(constant, x.dtype)


def _curvature(argument: str, value: Any, size: int) -> np.ndarray:
    value = np.asarray(value, np.float64)
    matrix = value * np.eye(size) if value.ndim == 0 else value
    if matrix.shape != (size, size) or not np.allclose(matrix, matrix.T):
        raise ValueError(
            f"quadratic: {argument} must be a number or a symmetric matrix of shape "
            f"({size}, {size}), as coupling asks, got {value!r}."
        )
    return matrix


def _linear(linear: Players | None, shapes: tuple[Any, Any]) -> tuple[np.ndarray, np.ndarray]:
    if linear is None:
        return np.zeros(shapes[0]), np.zeros(shapes[1])
    p, q = (np.asarray(side, np.float64) for side in linear)
    if (p.shape, q.shape) != shapes:
        raise ValueError(
            f"quadratic: linear must be Players of the shapes {shapes[0]} and {shapes[1]}, "
            f"got {p.shape} and {q.shape}."
        )
    return p, q


def _solution(
    p_matrix: np.ndarray, a: np.ndarray, q_matrix: np.ndarray, p: np.ndarray, q: np.ndarray
) -> Players | None:
    """Solves F(z) = 0, where its zero is one point and a min-max point."""
    if min(np.linalg.eigvalsh(p_matrix)[0], np.linalg.eigvalsh(q_matrix)[0]) < -1e-12:
        return None
    jacobian = np.block([[p_matrix, a], [-a.T, q_matrix]])
    if np.linalg.matrix_rank(jacobian) < len(jacobian):
        return None
    z = np.linalg.solve(jacobian, np.concatenate([-p.ravel(), q.ravel()]))
    x, y = np.split(z, [len(p_matrix)])
    return Players(jnp.asarray(x.reshape(p.shape)), jnp.asarray(y.reshape(q.shape)))
