"""One iteration of Arnoldi's method on pytrees."""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from minmax_jax._util import products, sharding, trees
from minmax_jax._util.blue import root
from minmax_jax._util.krylov.system import Operator
from minmax_jax._util.types import PyTree


class ArnoldiStep(NamedTuple):
    """Result of one Arnoldi iteration: `A v_j = V h + w`, with w orthogonal to V.

    Attributes:
      column: Coefficients h, one per row of the basis.
      remainder: Remainder w, not normalized.
      norm: Norm of `remainder`: the next subdiagonal entry of the Hessenberg matrix.
      image: Product A v_j.
    """

    column: jax.Array
    remainder: Any
    norm: jax.Array
    image: Any


def first_basis(vector: PyTree, num_rows: int) -> PyTree:
    """Returns a basis of `num_rows` rows: `vector`, which has norm one, and zeros."""

    def rows(leaf: jax.Array) -> jax.Array:
        # The padding keeps the sharding of the leaf.
        return jnp.pad(leaf[None], [(0, num_rows - 1), *[(0, 0)] * leaf.ndim])

    return jax.tree.map(rows, vector)


def arnoldi_step(operator: Operator, basis: PyTree, step: Any) -> ArnoldiStep:
    """Multiplies a basis vector by A and orthogonalizes the product against the basis.

    Args:
      operator: Product with A.
      basis: Pytree of arrays with one vector per row. Unfilled rows must be zero.
      step: Index j of the vector to multiply.

    Returns:
      The coefficients and the remainder. The caller appends the normalized remainder
      to the basis, or a replacement vector if the remainder is zero.
    """
    image = operator(jax.tree.map(lambda rows: rows[step], basis))
    column, remainder = orthogonalize(basis, image)
    return ArnoldiStep(column, remainder, root(trees.inner_product(remainder, remainder)), image)


def orthogonalize(basis: PyTree, vector: PyTree) -> tuple[jax.Array, PyTree]:
    """Returns the coefficients of `vector` in the basis, and the orthogonal remainder.

    A second Gram–Schmidt pass removes the rounding error that the first one leaves.
    """
    first, vector = _project_out(basis, vector)
    second, vector = _project_out(basis, vector)
    return first + second, vector


def _project_out(basis: PyTree, vector: PyTree) -> tuple[jax.Array, PyTree]:

    def product(rows: jax.Array, v: jax.Array) -> jax.Array:
        return products.contract(rows, v, v.ndim)

    parts = jax.tree.map(functools.partial(sharding.replicated, product), basis, vector)
    column = functools.reduce(jnp.add, jax.tree.leaves(parts))
    return column, jax.tree.map(
        lambda v, rows: v - products.contract(column, rows, 1), vector, basis
    )
