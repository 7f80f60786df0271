"""GMRES: linear systems of trees whose matrix is not symmetric."""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from minmax_jax._util import norms
from minmax_jax._util.krylov import conjugate_gradients
from minmax_jax._util.types import PyTree


def gmres(
    operator: conjugate_gradients.Operator,
    rhs: PyTree,
    guess: PyTree | None,
    tolerance: Any,
    max_iterations: int,
    restart: int = 20,
) -> conjugate_gradients.Solution:
    """Solves A x = b for any A: restarted GMRES (Saad, Schultz, 1986).

    It keeps `min(restart, max_iterations, unknowns) + 1` vectors. After each cycle the
    residual is formed anew, which applies A once more.
    """
    problem = conjugate_gradients.System.of(operator, rhs, guess)
    size = sum(leaf.size for leaf in jax.tree.leaves(rhs))
    width = min(restart, max_iterations, size)
    tolerance = jnp.asarray(tolerance, problem.residual_square.dtype)

    def unfinished(carry: Any) -> jax.Array:
        _, _, square, count = carry
        return (jnp.sqrt(square) > tolerance) & (count < max_iterations)

    def cycle(carry: Any) -> Any:
        x, r, square, count = carry
        basis, weights, used = _arnoldi(
            operator, r, jnp.sqrt(square), tolerance, width, max_iterations - count
        )
        x = jax.tree.map(lambda a, v: a + jnp.tensordot(weights, v[:width], 1), x, basis)
        r = conjugate_gradients.add(problem.rhs, -1, operator(x))
        return x, r, norms.inner(r, r), count + used

    start = (problem.start, problem.residual, problem.residual_square, jnp.zeros((), jnp.int32))
    x, _, square, count = lax.while_loop(unfinished, cycle, start)
    return conjugate_gradients.Solution(problem.scale_back(x), count, jnp.sqrt(square))


class _Arnoldi(NamedTuple):
    """One cycle of GMRES: `A V = V H`, with H turned upper triangular as it grows.

    `basis` holds V as rows, `triangle` the rotated H, `rotations` cosines and sines, and
    `g` the rotated right-hand side, whose last entry is the residual's norm.
    """

    basis: Any
    triangle: jax.Array
    rotations: jax.Array
    g: jax.Array
    column: jax.Array


def _arnoldi(
    operator: conjugate_gradients.Operator,
    r: PyTree,
    norm: jax.Array,
    tolerance: jax.Array,
    width: int,
    left: Any,
) -> tuple[PyTree, jax.Array, jax.Array]:
    """Returns the basis, the weights of its vectors in the correction, and how many are used."""
    dtype = norm.dtype

    def first_row(leaf: jax.Array) -> jax.Array:
        return jnp.zeros((width + 1, *leaf.shape), dtype).at[0].set(leaf / norm)

    def unfinished(s: _Arnoldi) -> jax.Array:
        return (s.column < width) & (s.column < left) & (jnp.abs(s.g[s.column]) > tolerance)

    def grow(s: _Arnoldi) -> _Arnoldi:
        j = s.column
        w = operator(jax.tree.map(lambda v: v[j], s.basis))
        h = jnp.zeros(width + 1, dtype)
        for _ in range(2):  # Gram–Schmidt twice is enough; rows not yet filled are zero
            along = _rows_dot(s.basis, w)
            w = jax.tree.map(lambda a, v: a - jnp.tensordot(along, v, 1), w, s.basis)  # noqa: B023
            h = h + along
        length = jnp.sqrt(norms.inner(w, w))
        inverse = jnp.where(length == 0, 0, 1 / jnp.where(length == 0, 1, length))
        column, rotation = _rotate(h.at[j + 1].set(length), s.rotations, j)
        cosine, sine = rotation
        return _Arnoldi(
            basis=jax.tree.map(lambda v, a: v.at[j + 1].set(a * inverse), s.basis, w),
            triangle=s.triangle.at[:, j].set(column[:width]),
            rotations=s.rotations.at[j].set(rotation),
            g=s.g.at[j + 1].set(-sine * s.g[j]).at[j].set(cosine * s.g[j]),
            column=j + 1,
        )

    end = lax.while_loop(
        unfinished,
        grow,
        _Arnoldi(
            basis=jax.tree.map(first_row, r),
            triangle=jnp.zeros((width, width), dtype),
            rotations=jnp.zeros((width, 2), dtype),
            g=jnp.zeros(width + 1, dtype).at[0].set(norm),
            column=jnp.zeros((), jnp.int32),
        ),
    )
    return end.basis, _weights(end, width), end.column


def _rotate(h: jax.Array, rotations: jax.Array, j: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Applies the earlier rotations to column j, then the one that clears its last entry."""

    def apply(i: jax.Array, h: jax.Array) -> jax.Array:
        cosine, sine = rotations[i]
        return h.at[i].set(cosine * h[i] + sine * h[i + 1]).at[i + 1].set(
            cosine * h[i + 1] - sine * h[i]
        )  # fmt: skip

    h = lax.fori_loop(0, j, apply, h)
    length = jnp.sqrt(h[j] ** 2 + h[j + 1] ** 2)
    zero = length == 0
    rotation = jnp.where(zero, 0, jnp.stack([h[j], h[j + 1]]) / jnp.where(zero, 1, length))
    return h.at[j].set(length).at[j + 1].set(0), rotation


def _weights(s: _Arnoldi, width: int) -> jax.Array:
    """Solves the triangular system of the columns in use; a zero pivot gets weight zero."""
    pivots = jnp.diagonal(s.triangle)
    unused = (jnp.arange(width) >= s.column) | (pivots == 0)
    triangle = s.triangle + jnp.diag(jnp.where(unused, 1 - pivots, 0))
    return jax.scipy.linalg.solve_triangular(triangle, jnp.where(unused, 0, s.g[:width]))


def _rows_dot(rows: PyTree, w: PyTree) -> jax.Array:
    parts = jax.tree.map(lambda v, a: jnp.tensordot(v, a, a.ndim), rows, w)
    return functools.reduce(jnp.add, jax.tree.leaves(parts))
