"""The conjugate gradient method on pytrees."""

from typing import Any

import jax
import jax.numpy as jnp

from minmax_jax._util import trees
from minmax_jax._util.blue import root
from minmax_jax._util.krylov.system import Operator, Solution, System, add_scaled
from minmax_jax._util.repeat import repeat_while
from minmax_jax._util.types import PyTree


def conjugate_gradient(
    operator: Operator, rhs: PyTree, guess: PyTree | None, tolerance: Any, max_iterations: int
) -> Solution:
    """Solves A x = b for a symmetric positive definite matrix A.

    The iteration stops at ‖b − A x‖ ≤ tolerance · ‖b‖. It also stops at a direction of
    curvature ≤ 0, which proves that A is not positive definite; the reported residual
    then shows that the system is not solved. NaN in b or in A v leads to NaN in x.

    Args:
      operator: Product with A.
      rhs: Right-hand side b. Leaves share one floating dtype of at least float32.
      guess: Initial guess, or None for zeros.
      tolerance: Relative residual at which to stop.
      max_iterations: Maximum number of iterations.

    Returns:
      The solution, the number of iterations and the relative residual.

    References:
      Hestenes, Stiefel, Methods of conjugate gradients for solving linear systems, 1952.
    """
    problem = System.create(operator, rhs, guess)
    tolerance = jnp.asarray(tolerance, problem.residual_square.dtype)

    def unfinished(carry: Any) -> jax.Array:
        _, _, _, square, count, definite = carry
        return (jnp.sqrt(square) > tolerance) & (count < max_iterations) & definite

    def iterate(carry: Any) -> Any:
        x, r, p, square, count, _ = carry
        ap = operator(p)
        curvature = trees.inner_product(p, ap)
        negative = curvature <= 0  # Comparison with NaN is False, so NaN propagates into x.
        length = jnp.where(negative, 0, square / jnp.where(negative, 1, curvature))
        x, r = add_scaled(x, length, p), add_scaled(r, -length, ap)
        new = trees.inner_product(r, r)
        return x, r, add_scaled(r, new / square, p), new, count + 1, ~negative

    x, r, square = problem.start, problem.residual, problem.residual_square
    start = (x, r, r, square, jnp.zeros((), jnp.int32), jnp.ones((), bool))
    x, _, _, square, count, _ = repeat_while(unfinished, iterate, start)
    return Solution(problem.scale_back(x), count, root(square))
