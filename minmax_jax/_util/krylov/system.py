"""Linear systems on pytrees with a right-hand side of norm one, and solutions."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from minmax_jax._util import norms, trees
from minmax_jax._util.types import PyTree

Operator = Callable[[PyTree], PyTree]
"""The product `v -> A v` with the matrix of a system."""


class Solution(NamedTuple):
    """Result of a linear solver.

    Attributes:
      value: Solution x.
      iterations: Number of iterations (int32 scalar). Products with A for the
        initial guess and for restarts are not counted.
      residual: Relative residual ‖b − A x‖ / ‖b‖, or zero if b is zero.
    """

    value: Any
    iterations: jax.Array
    residual: jax.Array


class System(NamedTuple):
    """A linear system scaled to a right-hand side of norm one.

    The scaling lets right-hand sides of size 1e-30 or 1e+30 be solved without loss.

    Attributes:
      rhs: Right-hand side b / ‖b‖, or zeros if b is zero.
      start: Initial guess of the scaled system.
      residual: Residual at `start`.
      residual_square: Squared norm of `residual`.
      norm: Norm of the original right-hand side.
    """

    rhs: Any
    start: Any
    residual: Any
    residual_square: jax.Array
    norm: norms.ScaledNorm

    @staticmethod
    def create(operator: Operator, rhs: PyTree, guess: PyTree | None) -> "System":
        """Scales a system and replaces an unhelpful guess with zero.

        A guess is unhelpful if its residual is larger than the zero vector's, or NaN.
        """
        norm = norms.tree_norm(rhs)
        b = jax.tree.map(lambda leaf: norms.unit(leaf, norm), rhs)
        square, zero = trees.inner_product(b, b), jax.tree.map(jnp.zeros_like, b)
        if guess is None:
            return System(b, zero, b, square, norm)
        inverse = jnp.where(norm.value == 0, 0, 1 / jnp.where(norm.value == 0, 1, norm.value))
        x = jax.tree.map(lambda leaf: (leaf * norm.scale) * inverse, guess)
        r = add_scaled(b, -1, operator(x))
        better = trees.inner_product(r, r) <= square
        x, r = trees.select(better, x, zero), trees.select(better, r, b)
        return System(b, x, r, trees.inner_product(r, r), norm)

    def scale_back(self, x: PyTree) -> PyTree:
        """Returns the solution of the original system, given the solution of the scaled one."""
        return jax.tree.map(lambda leaf: (leaf * self.norm.value) / self.norm.scale, x)


def add_scaled(a: PyTree, factor: Any, b: PyTree) -> PyTree:
    """Returns `a + factor * b`."""
    return jax.tree.map(lambda x, y: x + factor * y, a, b)
