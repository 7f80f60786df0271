"""Tests of the Arnoldi iteration."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from minmax_jax._util.krylov.arnoldi import arnoldi_step, first_basis, orthogonalize
from minmax_jax._util.products import product

pytestmark = pytest.mark.usefixtures("strict_promotion")
MATRIX = np.random.default_rng(0).normal(size=(5, 5)).astype(np.float32)


def operator(v):
    image = product(jnp.asarray(MATRIX), jnp.concatenate([v["a"], v["b"]]))
    return {"a": image[:2], "b": image[2:]}


def rows(basis):
    return np.concatenate([basis["a"], basis["b"]], axis=1)


def test_arnoldi_step_satisfies_arnoldi_relation():
    basis = first_basis({"a": jnp.array([1.0, 0.0]), "b": jnp.zeros(3)}, 4)
    hessenberg = np.zeros((4, 3), np.float32)
    for j in range(3):
        new = arnoldi_step(operator, basis, j)
        hessenberg[:, j] = new.column.at[j + 1].set(new.norm)
        basis = jax.tree.map(
            lambda v, w, j=j, norm=new.norm: v.at[j + 1].set(w / norm), basis, new.remainder
        )
    v = rows(basis)
    np.testing.assert_allclose(v @ v.T, np.eye(4), atol=1e-6)
    np.testing.assert_allclose(MATRIX @ v[:3].T, v.T @ hessenberg, atol=1e-5)


def test_orthogonalize_returns_coefficients_and_remainder():
    basis = first_basis({"a": jnp.array([0.0, 1.0]), "b": jnp.zeros(3)}, 3)
    vector = {"a": jnp.array([2.0, 3.0]), "b": jnp.array([1.0, 0.0, 0.0])}
    column, remainder = orthogonalize(basis, vector)
    np.testing.assert_array_equal(column, [3.0, 0.0, 0.0])
    np.testing.assert_array_equal(remainder["a"], [2.0, 0.0])
    np.testing.assert_array_equal(remainder["b"], [1.0, 0.0, 0.0])
