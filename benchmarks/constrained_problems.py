"""Three constrained problems with exact solutions, in NumPy.

Each function is written with operators that JAX and PyTorch share, and takes the module of arrays
(`jax.numpy` or `torch`) as its first argument.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np


@dataclasses.dataclass(frozen=True)
class Problem:
    """A problem min f(x) subject to g(x) ≤ 0 and h(x) = 0.

    Attributes:
      objective: Function `f(module, x) -> scalar`.
      inequality: Function `g(module, x) -> vector`, or None.
      equality: Function `h(module, x) -> vector`, or None.
      start: First x.
      solution: Exact solution.
      inequality_multipliers: Exact multipliers of g, or None.
      equality_multipliers: Exact multipliers of h, or None.
      learning_rates: Learning rates of x and of the multipliers.
    """

    objective: Callable[[Any, Any], Any]
    inequality: Callable[[Any, Any], Any] | None
    equality: Callable[[Any, Any], Any] | None
    start: np.ndarray
    solution: np.ndarray
    inequality_multipliers: np.ndarray | None
    equality_multipliers: np.ndarray | None
    learning_rates: tuple[float, float]


def _array(module: Any, x: Any, value: np.ndarray) -> Any:
    """Returns a constant as an array of the module, in the dtype of x."""
    return module.asarray(value, dtype=x.dtype)


def min_norm() -> Problem:
    """Returns min ½‖x‖² subject to Ex = d. The solution is Eᵀ(EEᵀ)⁻¹d."""
    rng = np.random.default_rng(0)
    e, d = rng.normal(size=(2, 5)) / 2, rng.normal(size=2)
    multipliers = -np.linalg.solve(e @ e.T, d)
    return Problem(
        objective=lambda module, x: 0.5 * (x * x).sum(),
        inequality=None,
        equality=lambda module, x: (
            (_array(module, x, e) * x).sum(1) - _array(module, x, d)  # No matrix product: exact.
        ),
        start=np.ones(5),
        solution=-e.T @ multipliers,
        inequality_multipliers=None,
        equality_multipliers=multipliers,
        learning_rates=(0.3, 0.3),
    )


def polytope() -> Problem:
    """Returns the projection of a point onto {Ax ≤ b}, with two of three constraints active.

    The point is x* + Aᵀλ*, so that x* and λ* satisfy the optimality conditions.
    """
    rng = np.random.default_rng(1)
    a, solution = rng.normal(size=(3, 4)) / 2, rng.normal(size=4)
    multipliers = np.array([0.7, 0.0, 1.2])
    b = a @ solution + np.array([0.0, 0.5, 0.0])
    point = solution + a.T @ multipliers
    return Problem(
        objective=lambda module, x: 0.5 * ((x - _array(module, x, point)) ** 2).sum(),
        inequality=lambda module, x: (_array(module, x, a) * x).sum(1) - _array(module, x, b),
        equality=None,
        start=np.zeros(4),
        solution=solution,
        inequality_multipliers=multipliers,
        equality_multipliers=None,
        learning_rates=(0.3, 0.3),
    )


def entropy() -> Problem:
    """Returns the largest entropy of a distribution on five points with x₀ ≤ 0.1.

    The solution is x₀ = 0.1 and 0.225 elsewhere.
    """
    solution = np.array([0.1, 0.225, 0.225, 0.225, 0.225])
    equality = -1 - np.log(0.225)
    return Problem(
        objective=lambda module, x: (x * module.log(x)).sum(),
        inequality=lambda module, x: x[:1] - 0.1,
        equality=lambda module, x: x.sum().reshape(1) - 1,
        start=np.full(5, 0.3),
        solution=solution,
        inequality_multipliers=np.array([-1 - np.log(0.1) - equality]),
        equality_multipliers=np.array([equality]),
        learning_rates=(0.02, 0.1),
    )


PROBLEMS: dict[str, Callable[[], Problem]] = {
    "minimum norm": min_norm,
    "polytope": polytope,
    "entropy": entropy,
}
