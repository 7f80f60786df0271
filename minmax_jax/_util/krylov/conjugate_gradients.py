"""Linear systems A x = b of trees, known by A v alone; conjugate gradients.

Solved for b / ‖b‖ and scaled back, so that right-hand sides of 1e-30 or 1e+30 lose
nothing; a solver stops where ‖b − A x‖ ≤ tolerance · ‖b‖. A zero b gives a zero x; NaN in b or
in A v comes out as NaN. Leaves are of one floating dtype, float32 at least.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from minmax_jax._util import norms
from minmax_jax._util.types import PyTree

Operator = Callable[[PyTree], PyTree]


class Solution(NamedTuple):
    """What a solver found.

    Attributes:
      value: x.
      iterations: int32 scalar, how often A was applied, guess and restarts not counted.
      residual: ‖b − A x‖ / ‖b‖; zero where b is.
    """

    value: Any
    iterations: jax.Array
    residual: jax.Array


def conjugate_gradient(
    operator: Operator, rhs: PyTree, guess: PyTree | None, tolerance: Any, max_iterations: int
) -> Solution:
    """Solves A x = b for symmetric positive definite A (Hestenes, Stiefel, 1952).

    A direction of curvature ≤ 0 proves that A is not positive definite: the iteration stops
    there, with the residual that it has.
    """
    problem = System.of(operator, rhs, guess)
    tolerance = jnp.asarray(tolerance, problem.residual_square.dtype)

    def unfinished(carry: Any) -> jax.Array:
        _, _, _, square, count, definite = carry
        return (jnp.sqrt(square) > tolerance) & (count < max_iterations) & definite

    def iterate(carry: Any) -> Any:
        x, r, p, square, count, _ = carry
        ap = operator(p)
        curvature = norms.inner(p, ap)
        negative = curvature <= 0  # NaN is not, and goes on into x
        length = jnp.where(negative, 0, square / jnp.where(negative, 1, curvature))
        x, r = add(x, length, p), add(r, -length, ap)
        new = norms.inner(r, r)
        return x, r, add(r, new / square, p), new, count + 1, ~negative

    x, r, square = problem.start, problem.residual, problem.residual_square
    start = (x, r, r, square, jnp.zeros((), jnp.int32), jnp.ones((), bool))
    x, _, _, square, count, _ = lax.while_loop(unfinished, iterate, start)
    return Solution(problem.scale_back(x), count, jnp.sqrt(square))


class System(NamedTuple):
    """A system whose right-hand side has norm one, and where to start on it."""

    rhs: Any
    start: Any
    residual: Any
    residual_square: jax.Array
    norm: norms.ScaledNorm

    @staticmethod
    def of(operator: Operator, rhs: PyTree, guess: PyTree | None) -> "System":
        """Scales the system, and drops a guess that is worse than zero (or no number)."""
        norm = norms.tree_norm(rhs)
        b = jax.tree.map(lambda leaf: norms.unit(leaf, norm), rhs)
        square, zero = norms.inner(b, b), jax.tree.map(jnp.zeros_like, b)
        if guess is None:
            return System(b, zero, b, square, norm)
        inverse = jnp.where(norm.value == 0, 0, 1 / jnp.where(norm.value == 0, 1, norm.value))
        x = jax.tree.map(lambda leaf: (leaf * norm.scale) * inverse, guess)
        r = add(b, -1, operator(x))
        better = norms.inner(r, r) <= square
        x, r = _where(better, x, zero), _where(better, r, b)
        return System(b, x, r, norms.inner(r, r), norm)

    def scale_back(self, x: PyTree) -> PyTree:
        return jax.tree.map(lambda leaf: (leaf * self.norm.value) / self.norm.scale, x)


def add(a: PyTree, factor: Any, b: PyTree) -> PyTree:
    return jax.tree.map(lambda x, y: x + factor * y, a, b)


def _where(condition: jax.Array, a: PyTree, b: PyTree) -> PyTree:
    return jax.tree.map(lambda x, y: jnp.where(condition, x, y), a, b)
