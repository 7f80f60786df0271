"""Tests of the Jacobian spectrum against known and dense eigenvalues."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import minmax_jax as mm
from minmax_jax import parallel
from minmax_jax._util.products import product
from tests import problems
from tests.devices import first_devices


def spectrum(field_fn, z, **options):
    return jax.jit(lambda z: mm.diagnostics.jacobian_spectrum(field_fn, z, **options))(z)


def linear_game(eigenvalues, size, seed=0):
    """Returns a linear field with the given eigenvalues in a random orthogonal basis."""
    matrix = np.zeros((size, size))
    at = 0
    for value in eigenvalues:
        if isinstance(value, complex):
            block = [[value.real, value.imag], [-value.imag, value.real]]
            matrix[at : at + 2, at : at + 2] = block
            at += 2
        else:
            matrix[at, at] = value
            at += 1
    turn = np.linalg.qr(np.random.default_rng(seed).normal(size=(size, size)))[0]
    matrix = jnp.asarray(turn @ matrix @ turn.T, jnp.float32)

    def field_fn(z, draw=0):
        return mm.Players(*jnp.split(product(matrix, jnp.concatenate(z)), [size // 2]))

    return field_fn, mm.Players(jnp.zeros(size // 2), jnp.zeros(size - size // 2))


def by_modulus(values):
    values = np.asarray(values)
    return values[np.lexsort((-values.imag, -abs(values).round(4)))]


def test_spectrum_is_exact_for_small_game():
    field_fn, z = linear_game([5.0, 1 + 3j, -2.0, 0.5 + 0.1j], 6)
    found = spectrum(field_fn, z, num_eigenvalues=6)
    wanted = [5, 1 + 3j, 1 - 3j, -2, 0.5 + 0.1j, 0.5 - 0.1j]
    np.testing.assert_allclose(found.leading.value, wanted, atol=1e-5)
    np.testing.assert_allclose(found.lowest.value, -2, atol=1e-5)
    np.testing.assert_allclose(found.highest.value, 5, atol=1e-5)
    assert max(map(np.max, (found.leading.residual, found.lowest.residual))) < 1e-4


def test_spectrum_finds_leading_eigenvalues_of_large_game():
    few = [10.0, 8 + 4j, -7.0]
    rest = np.random.default_rng(1).uniform(-1, 1, 196).tolist()
    field_fn, z = linear_game([*few, *rest], 200)
    found = spectrum(field_fn, z, num_eigenvalues=4, max_iterations=30)
    np.testing.assert_allclose(found.leading.value, [10, 8 + 4j, 8 - 4j, -7], atol=1e-3)
    np.testing.assert_allclose(found.lowest.value, -7, atol=1e-3)
    np.testing.assert_allclose(found.highest.value, 10, atol=1e-3)
    assert found.leading.residual.max() < 1e-2


def test_residual_bounds_error_before_convergence():
    field_fn, z = linear_game(np.linspace(-1, 1, 100).tolist(), 100)
    found = spectrum(field_fn, z, num_eigenvalues=1, max_iterations=4)
    error = np.abs(np.linspace(-1, 1, 100) - complex(found.leading.value[0])).min()
    assert error <= found.leading.residual[0] + 1e-6  # The matrix is normal.
    assert found.leading.residual[0] > 1e-3


@pytest.mark.parametrize("eigenvalues", [[2.0] * 5, [0.0] * 5, [1.0, 1.0, 1j, -3.0]])
def test_spectrum_continues_after_invariant_subspace(eigenvalues):
    field_fn, z = linear_game(eigenvalues, 5)
    found = spectrum(field_fn, z, num_eigenvalues=5)
    wanted = np.linalg.eigvals(mm.diagnostics.jacobian(field_fn, z))
    np.testing.assert_allclose(by_modulus(found.leading.value), by_modulus(wanted), atol=1e-5)


def test_spectrum_matches_dense_jacobian_on_curved_game():
    problem = problems.curved
    with jax.enable_x64(True):
        z = jax.tree.map(lambda x: x.astype(jnp.float64), problem.start)
        dense = mm.diagnostics.jacobian(problem.field_fn, z)
        found = spectrum(problem.field_fn, z, num_eigenvalues=10)
        values = np.linalg.eigvals(dense)
        assert found.leading.value.dtype == jnp.complex128
        np.testing.assert_allclose(
            by_modulus(found.leading.value), by_modulus(values), atol=1e-9, rtol=1e-9
        )
        np.testing.assert_allclose(found.lowest.value.real, values.real.min(), atol=1e-9)


def test_dense_jacobian_equals_automatic_differentiation(strict_promotion):
    problem = problems.curved
    flat, restore = jax.flatten_util.ravel_pytree(problem.start)
    wanted = jax.jacobian(lambda v: jax.flatten_util.ravel_pytree(problem.field_fn(restore(v)))[0])(
        flat
    )
    found = mm.diagnostics.jacobian(problem.field_fn, problem.start)
    np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_bilinear_eigenvalues_are_imaginary_singular_values():
    a = np.random.default_rng(2).normal(size=(3, 3))
    game = mm.games.bilinear(a)
    found = spectrum(game.field_fn, game.start, num_eigenvalues=6).leading.value
    wanted = np.repeat(np.linalg.svd(a)[1], 2) * np.tile([1j, -1j], 3)
    np.testing.assert_allclose(found, wanted, atol=1e-4)


def test_spectrum_supports_vmap():
    game = mm.games.keswani("F3")
    xs = jnp.array([0.0, 1.0, 2.0])
    lowest = jax.vmap(
        lambda x: mm.diagnostics.jacobian_spectrum(game.field_fn, mm.Players(x, x)).lowest.value
    )(xs)
    for x, value in zip(xs, lowest, strict=True):
        dense = mm.diagnostics.jacobian(game.field_fn, mm.Players(x, x))
        np.testing.assert_allclose(value.real, np.linalg.eigvals(dense).real.min(), atol=1e-3)


def test_spectrum_on_four_devices_matches_one_device():
    data, axis = problems.batch_data, parallel.AXIS

    def lowest(data, axis_name):
        field_fn = mm.zero_sum(lambda z: problems.batch_payoff(z, data), axis_name=axis_name)
        found = mm.diagnostics.jacobian_spectrum(field_fn, problems.curved.start)
        return found.leading.value, mm.diagnostics.jacobian(field_fn, problems.curved.start)

    whole = lowest(data, None)
    parts = jax.pmap(lambda rows: lowest(rows, axis), axis, devices=first_devices(4))(
        data.reshape(4, 2, 4)
    )
    for part, one in zip(parts, whole, strict=True):
        np.testing.assert_allclose(part, np.broadcast_to(one, part.shape), atol=1e-4)


def test_spectrum_costs_one_field_evaluation_and_m_jvps():
    counted = mm.diagnostics.field_evaluations(problems.curved.field_fn)
    jax.block_until_ready(spectrum(counted, problems.curved.start, max_iterations=7))
    assert counted.counts() == (1, 7, 0)


def test_spectrum_raises_for_invalid_count():
    game = mm.games.bilinear()
    with pytest.raises(ValueError, match="jacobian_spectrum: num_eigenvalues must be at least 1"):
        mm.diagnostics.jacobian_spectrum(game.field_fn, game.start, num_eigenvalues=0)
