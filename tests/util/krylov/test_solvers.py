"""Tests of conjugate gradients and GMRES against dense linear algebra."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from minmax_jax._util.krylov.conjugate_gradients import conjugate_gradient
from minmax_jax._util.krylov.gmres import gmres
from minmax_jax._util.products import product

pytestmark = pytest.mark.usefixtures("strict_promotion")
SIZE = 6
random = np.random.default_rng(0)
_ROOT = random.normal(size=(SIZE, SIZE)).astype(np.float32)
DEFINITE = np.eye(SIZE, dtype=np.float32) + _ROOT @ _ROOT.T
GENERAL = np.eye(SIZE, dtype=np.float32) + 0.7 * _ROOT
RHS = random.normal(size=SIZE).astype(np.float32)
SYSTEMS = [(conjugate_gradient, DEFINITE), (gmres, GENERAL)]
each_solver = pytest.mark.parametrize(("solver", "matrix"), SYSTEMS, ids=["cg", "gmres"])


def tree(vector):
    return {"a": jnp.asarray(vector[:2]), "b": jnp.asarray(vector[2:]).reshape(2, 2)}


def vector(tree):
    return np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(tree)])


def solve(solver, matrix, rhs=RHS, guess=None, tolerance=1e-6, max_iterations=50, **options):
    def operator(t):
        v = jnp.concatenate([t["a"], jnp.ravel(t["b"])])
        return tree(product(jnp.asarray(matrix), v))

    return jax.jit(lambda b, x: solver(operator, b, x, tolerance, max_iterations, **options))(
        tree(rhs), None if guess is None else tree(guess)
    )


@each_solver
def test_solver_matches_dense_linear_algebra(solver, matrix):
    found = solve(solver, matrix)
    np.testing.assert_allclose(vector(found.value), np.linalg.solve(matrix, RHS), rtol=2e-4)
    assert float(found.residual) <= 1e-6
    true = np.linalg.norm(RHS - matrix @ vector(found.value)) / np.linalg.norm(RHS)
    assert true < 5e-6


def test_gmres_needs_at_most_one_iteration_per_unknown():
    assert int(solve(gmres, GENERAL, tolerance=1e-5).iterations) <= SIZE


@pytest.mark.parametrize("steps", [1, 2, 3, 5])
def test_gmres_minimizes_residual_over_krylov_space(steps):
    space = [RHS]
    for _ in range(steps - 1):
        space.append(GENERAL @ space[-1])
    basis = np.linalg.qr(np.stack(space, 1).astype(float))[0]
    best = np.linalg.lstsq(GENERAL @ basis, RHS, rcond=None)[0]
    wanted = np.linalg.norm(RHS - GENERAL @ basis @ best) / np.linalg.norm(RHS)
    found = solve(gmres, GENERAL, tolerance=0.0, max_iterations=steps)
    assert int(found.iterations) == steps
    np.testing.assert_allclose(float(found.residual), wanted, rtol=1e-3)


def test_gmres_converges_with_restarts():
    found = solve(gmres, DEFINITE, tolerance=1e-5, max_iterations=400, restart=3)
    assert int(found.iterations) > 3 and float(found.residual) <= 1e-5
    np.testing.assert_allclose(vector(found.value), np.linalg.solve(DEFINITE, RHS), rtol=1e-3)


@each_solver
@pytest.mark.parametrize("size", [1e-30, 1e30])
def test_solver_is_invariant_to_scale_of_right_hand_side(solver, matrix, size):
    scaled = vector(solve(solver, matrix, rhs=RHS * np.float32(size)).value) / np.float32(size)
    np.testing.assert_allclose(scaled, vector(solve(solver, matrix).value), rtol=1e-4)


@each_solver
def test_solver_uses_good_guess_and_drops_bad_guess(solver, matrix):
    exact = np.linalg.solve(matrix.astype(float), RHS).astype(np.float32)
    found = solve(solver, matrix, guess=exact, tolerance=1e-5)
    assert int(found.iterations) == 0
    np.testing.assert_allclose(vector(found.value), exact, rtol=1e-5)
    cold = solve(solver, matrix)
    for bad in (1e6 * exact, np.full(SIZE, np.nan, np.float32), np.full(SIZE, 1e38, np.float32)):
        found = solve(solver, matrix, guess=bad)
        np.testing.assert_array_equal(vector(found.value), vector(cold.value))


@each_solver
def test_solver_returns_zero_for_zero_right_hand_side(solver, matrix):
    found = solve(solver, matrix, rhs=0 * RHS, guess=RHS)
    np.testing.assert_array_equal(vector(found.value), np.zeros(SIZE))
    assert int(found.iterations) == 0 and float(found.residual) == 0


@each_solver
@pytest.mark.parametrize("guess", [None, RHS])
def test_solver_propagates_nan(solver, matrix, guess):
    bad = RHS.copy()
    bad[3] = np.nan
    assert np.isnan(vector(solve(solver, matrix, rhs=bad, guess=guess).value)).all()
    broken = matrix.copy()
    broken[2, 4] = np.nan
    assert np.isnan(vector(solve(solver, broken, guess=guess).value)).any()


def test_conjugate_gradient_stops_when_matrix_is_indefinite():
    found = solve(conjugate_gradient, -DEFINITE)
    assert int(found.iterations) == 1
    np.testing.assert_allclose(float(found.residual), 1.0, rtol=1e-6)
    np.testing.assert_array_equal(vector(found.value), np.zeros(SIZE))


def test_gmres_reports_residual_when_matrix_is_singular():
    found = solve(gmres, 0 * GENERAL, max_iterations=4)
    assert int(found.iterations) == 4
    np.testing.assert_allclose(float(found.residual), 1.0, rtol=1e-6)
    np.testing.assert_array_equal(vector(found.value), np.zeros(SIZE))


@each_solver
def test_solver_respects_max_iterations(solver, matrix):
    found = solve(solver, matrix, tolerance=0.0, max_iterations=2)
    assert int(found.iterations) == 2 and float(found.residual) > 0
