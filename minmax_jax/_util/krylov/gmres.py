"""The GMRES method on pytrees, for matrices that are not symmetric."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from minmax_jax._util import products, trees
from minmax_jax._util.blue import root
from minmax_jax._util.krylov.arnoldi import arnoldi_step, first_basis
from minmax_jax._util.krylov.system import Operator, Solution, System, add_scaled
from minmax_jax._util.repeat import repeat_while
from minmax_jax._util.types import PyTree


def gmres(
    operator: Operator,
    rhs: PyTree,
    guess: PyTree | None,
    tolerance: Any,
    max_iterations: int,
    restart: int = 20,
) -> Solution:
    """Solves A x = b for a general matrix A by restarted GMRES.

    The iteration stops at ‖b − A x‖ ≤ tolerance · ‖b‖. It stores
    `min(restart, max_iterations, unknowns) + 1` vectors. After each cycle the residual
    is recomputed, which takes one more product with A. NaN in b or in A v leads to NaN
    in x.

    Args:
      operator: Product with A.
      rhs: Right-hand side b. Leaves share one floating dtype of at least float32.
      guess: Initial guess, or None for zeros.
      tolerance: Relative residual at which to stop.
      max_iterations: Maximum number of iterations over all cycles.
      restart: Maximum number of iterations per cycle.

    Returns:
      The solution, the number of iterations and the relative residual.

    References:
      Saad, Schultz, GMRES: A generalized minimal residual algorithm for solving
      nonsymmetric linear systems, 1986.
    """
    problem = System.create(operator, rhs, guess)
    size = sum(leaf.size for leaf in jax.tree.leaves(rhs))
    width = min(restart, max_iterations, size)
    tolerance = jnp.asarray(tolerance, problem.residual_square.dtype)

    def unfinished(carry: Any) -> jax.Array:
        _, _, square, count = carry
        return (jnp.sqrt(square) > tolerance) & (count < max_iterations)

    def cycle(carry: Any) -> Any:
        x, r, square, count = carry
        end = _run_cycle(operator, r, root(square), tolerance, width, max_iterations - count)
        weights = _weights(end, width)
        x = jax.tree.map(lambda a, v: a + products.contract(weights, v[:width], 1), x, end.basis)
        r = add_scaled(problem.rhs, -1, operator(x))
        return x, r, trees.inner_product(r, r), count + end.column

    start = (problem.start, problem.residual, problem.residual_square, jnp.zeros((), jnp.int32))
    x, _, square, count = repeat_while(unfinished, cycle, start)
    return Solution(problem.scale_back(x), count, root(square))


class _Cycle(NamedTuple):
    """State of one GMRES cycle.

    Attributes:
      basis: Orthonormal basis V, one vector per row.
      triangle: Hessenberg matrix H of `A V = V H`, rotated to upper triangular form.
      rotations: Cosine and sine of each Givens rotation.
      g: Rotated right-hand side. Entry `column` is the current residual up to sign.
      column: Number of finished columns.
    """

    basis: Any
    triangle: jax.Array
    rotations: jax.Array
    g: jax.Array
    column: jax.Array


def _run_cycle(
    operator: Operator,
    residual: PyTree,
    norm: jax.Array,
    tolerance: jax.Array,
    width: int,
    remaining: Any,
) -> _Cycle:
    """Runs Arnoldi iterations until the residual is small or the cycle is full."""
    dtype = norm.dtype

    def unfinished(s: _Cycle) -> jax.Array:
        return (s.column < width) & (s.column < remaining) & (jnp.abs(s.g[s.column]) > tolerance)

    def iterate(s: _Cycle) -> _Cycle:
        j = s.column
        new = arnoldi_step(operator, s.basis, j)
        inverse = jnp.where(new.norm == 0, 0, 1 / jnp.where(new.norm == 0, 1, new.norm))
        column, rotation = _rotate(new.column.at[j + 1].set(new.norm), s.rotations, j)
        cosine, sine = rotation
        return _Cycle(
            basis=jax.tree.map(lambda v, a: v.at[j + 1].set(a * inverse), s.basis, new.remainder),
            triangle=s.triangle.at[:, j].set(column[:width]),
            rotations=s.rotations.at[j].set(rotation),
            g=s.g.at[j + 1].set(-sine * s.g[j]).at[j].set(cosine * s.g[j]),
            column=j + 1,
        )

    start = _Cycle(
        basis=first_basis(jax.tree.map(lambda leaf: leaf / norm, residual), width + 1),
        triangle=jnp.zeros((width, width), dtype),
        rotations=jnp.zeros((width, 2), dtype),
        g=jnp.zeros(width + 1, dtype).at[0].set(norm),
        column=jnp.zeros((), jnp.int32),
    )
    return repeat_while(unfinished, iterate, start)


def _rotate(h: jax.Array, rotations: jax.Array, j: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Applies the earlier Givens rotations to column j, and a new one that zeroes h[j + 1].

    Returns the rotated column, and cosine and sine of the new rotation.
    """

    def apply(i: jax.Array, h: jax.Array) -> jax.Array:
        cosine, sine = rotations[i]
        upper, lower = cosine * h[i] + sine * h[i + 1], cosine * h[i + 1] - sine * h[i]
        return h.at[i].set(upper).at[i + 1].set(lower)

    h = lax.fori_loop(0, j, apply, h)
    length = root(h[j] ** 2 + h[j + 1] ** 2)
    zero = length == 0
    rotation = jnp.where(zero, 0, jnp.stack([h[j], h[j + 1]]) / jnp.where(zero, 1, length))
    return h.at[j].set(length).at[j + 1].set(0), rotation


def _weights(s: _Cycle, width: int) -> jax.Array:
    """Returns the weights of the basis vectors in the correction of x.

    Unfinished columns and zero pivots get weight zero.
    """
    pivots = jnp.diagonal(s.triangle)
    unused = (jnp.arange(width, dtype=s.column.dtype) >= s.column) | (pivots == 0)
    triangle = s.triangle + jnp.diag(jnp.where(unused, 1 - pivots, 0))
    return jax.scipy.linalg.solve_triangular(triangle, jnp.where(unused, 0, s.g[:width]))
