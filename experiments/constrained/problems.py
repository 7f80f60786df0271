"""Six constrained problems with exact solutions."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

import minmax_jax as mm


class Problem(NamedTuple):
    """A constrained problem with an exact solution.

    Attributes:
      game: The problem as a game.
      center: Middle of the starts, a point x.
      solution: Solution x*. If there are two, they are x* and −x*.
      multipliers: Multipliers at the solution.
      symmetric: Whether −x* is a solution too.
    """

    game: mm.ConstrainedProblem
    center: np.ndarray
    solution: np.ndarray
    multipliers: mm.Multipliers
    symmetric: bool = False


def min_norm() -> Problem:
    """Returns min ½‖x‖² subject to Ex = d."""
    rng = np.random.default_rng(0)
    e, d = rng.normal(size=(2, 5)), rng.normal(size=2)
    multipliers = -np.linalg.solve(e @ e.T, d)
    game = mm.constrained(lambda x: 0.5 * jnp.sum(x**2), equality=lambda x: _product(e, x) - d)
    return Problem(game, np.zeros(5), -e.T @ multipliers, mm.Multipliers(None, multipliers))


def linear_program() -> Problem:
    """Returns min cᵀx subject to Ax ≤ b, with four of six constraints active at the solution."""
    rng = np.random.default_rng(1)
    a, solution = rng.normal(size=(6, 4)), rng.normal(size=4)
    multipliers = np.array([0.5, 1.0, 0.7, 1.2, 0.0, 0.0])
    b = a @ solution + np.array([0, 0, 0, 0, 0.5, 1.0])
    c = -a.T @ multipliers
    game = mm.constrained(lambda x: _product(c, x), lambda x: _product(a, x) - b)
    return Problem(game, np.zeros(4), solution, mm.Multipliers(multipliers))


def support_vectors() -> Problem:
    """Returns the separation of 15 points by a line with the largest margin.

    The first three points are the support vectors. They stand on the margins w·p + b = ±1, such
    that w = Σ αᵢ yᵢ pᵢ with positive multipliers α.
    """
    rng = np.random.default_rng(2)
    w, b, along = np.array([1.2, 0.5]), 0.3, np.array([0.6, -0.4])
    turned, square = np.array([-w[1], w[0]]), w @ w
    alpha = np.array([0.3, square / 2 - 0.3, square / 2])
    ends = np.append(along, (alpha[:2] @ along) / alpha[2])
    labels, margins = np.array([1.0, 1.0, -1.0]), np.ones(3)
    extra = rng.choice([-1.0, 1.0], size=12)
    labels, margins = np.append(labels, extra), np.append(margins, rng.uniform(1.3, 3, size=12))
    ends = np.append(ends, rng.normal(size=12))
    points = np.outer((labels * margins - b) / square, w) + np.outer(ends, turned)
    signed = labels[:, None] * np.column_stack([points, np.ones(15)])
    game = mm.constrained(lambda x: 0.5 * jnp.sum(x[:2] ** 2), lambda x: 1 - _product(signed, x))
    multipliers = np.append(alpha, np.zeros(12))
    return Problem(game, np.zeros(3), np.append(w, b), mm.Multipliers(multipliers))


def entropy() -> Problem:
    """Returns the distribution of a die with the mean 4.5 and the largest entropy, in logarithms.

    The solution has the form log p = a + t k for the sides k, and Newton's method finds t.
    """
    sides, t = np.arange(1.0, 7.0), 0.0
    for _ in range(50):
        p = np.exp(t * sides) / np.exp(t * sides).sum()
        mean = p @ sides
        t -= (mean - 4.5) / (p @ sides**2 - mean**2)
    total = -np.log(np.exp(t * sides).sum())
    game = mm.constrained(
        lambda x: jnp.sum(jnp.exp(x) * x),
        equality=lambda x: jnp.stack([jnp.sum(jnp.exp(x)) - 1, jnp.sum(jnp.exp(x) * sides) - 4.5]),
    )
    multipliers = np.array([-1 - total, -t])  # log p + 1 + μ₁ + μ₂ k = 0
    return Problem(
        game, np.full(6, -np.log(6)), total + t * sides, mm.Multipliers(None, multipliers)
    )


def saddle() -> Problem:
    """Returns min −x₀x₁ subject to x₀ + x₁ = 2, whose Lagrangian has no minimum in x."""
    game = mm.constrained(lambda x: -x[0] * x[1], equality=lambda x: x[0] + x[1] - 2)
    return Problem(game, np.zeros(2), np.ones(2), mm.Multipliers(None, np.ones(())))


def sphere() -> Problem:
    """Returns min xᵀAx subject to ‖x‖² = 1, the smallest eigenvalue of A."""
    root = np.random.default_rng(3).normal(size=(5, 5)) / 2
    a = root + root.T
    values, vectors = np.linalg.eigh(a)
    game = mm.constrained(lambda x: x @ _product(a, x), equality=lambda x: jnp.sum(x**2) - 1)
    center = vectors[:, 0]
    return Problem(game, center, center, mm.Multipliers(None, -values[0]), symmetric=True)


def _product(matrix: np.ndarray, x: jax.Array) -> jax.Array:
    """Returns the product in the dtype of x."""
    return jnp.asarray(matrix, x.dtype) @ x


PROBLEMS: dict[str, Callable[[], Problem]] = {
    "minimum norm": min_norm,
    "linear program": linear_program,
    "support vectors": support_vectors,
    "entropy": entropy,
    "saddle": saddle,
    "sphere": sphere,
}


def starts(problem: Problem, seeds: int) -> mm.Players:
    """Returns stacked starts: normal x around the center with deviation ½, and zero multipliers."""
    size = problem.center.shape
    points = [
        problem.center + 0.5 * np.random.default_rng(s).normal(size=size) for s in range(seeds)
    ]
    return jax.vmap(problem.game.init)(jnp.asarray(np.stack(points)))


def distance(problem: Problem) -> Callable[[mm.Players], Any]:
    """Returns the function that measures the distance of x from the nearest solution."""

    def measure(z: mm.Players) -> jax.Array:
        found = jnp.linalg.norm(z.min - problem.solution)
        if problem.symmetric:
            found = jnp.minimum(found, jnp.linalg.norm(z.min + problem.solution))
        return found

    return measure
