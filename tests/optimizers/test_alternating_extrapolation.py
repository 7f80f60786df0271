"""Alex-GDA and PDHG: closed-form rates, formulas, and special cases."""

import jax
import numpy as np
import optax
import pytest

import minmax_jax as mm
from tests import matrix_game, problems
from tests.matrix_game import PAYOFFS, ROWS, project


def alex(learning_rate, gamma, delta, **options):
    return mm.alternating_extrapolation(
        learning_rate, min_extrapolation=gamma, max_extrapolation=delta, **options
    )


@pytest.mark.parametrize(
    ("gamma", "delta", "radius"),
    [
        (2.0, 1.0, 0.917),
        (1.5, 1.5, 0.917),
        (1.0, 2.0, 0.917),
        (1.01, 1.0, 0.9992),
        (0.9, 1.0, 1.008),
    ],
)
def test_alex_follows_its_matrix_on_xy(gamma, delta, radius):
    a = b = 0.4
    # (x, y, ỹ) → (x, y − b̃ x̃ …): x⁺ = x − a ỹ, x̃ = x − γ a ỹ, y⁺ = y + b x̃, ỹ⁺ = y + δ b x̃.
    matrix = np.array([[1, 0, -a], [b, 1, -b * gamma * a], [delta * b, 1, -delta * b * gamma * a]])
    with jax.enable_x64(True):
        seen = problems.orbit(alex(mm.Players(a, b), gamma, delta), 60)
    state = np.array([1.0, 0.5, 0.5])
    for point in seen[1:]:
        state = matrix @ state
        np.testing.assert_allclose([point.real, point.imag], state[:2], atol=1e-13)
    found = np.max(np.abs(np.linalg.eigvals(matrix)))
    np.testing.assert_allclose(found, radius, atol=6e-4)
    if (gamma, delta) == (2.0, 1.0):
        np.testing.assert_allclose(found, np.sqrt(1 - a * b), rtol=1e-12)


def test_alex_contains_alternating_and_simultaneous_descent():
    with jax.enable_x64(True):
        pairs = [
            (alex(0.3, 1, 1), mm.alternate(min=optax.sgd(0.3), max=optax.sgd(0.3), first="min")),
            (alex(0.3, 1, 1, first="max"), mm.alternate(min=optax.sgd(0.3), max=optax.sgd(0.3))),
            (alex(0.3, 0, 1), mm.sgda(0.3)),
            (alex(0.3, 2, 1), mm.primal_dual_hybrid_gradient(0.3)),
        ]
        for ours, other in pairs:
            expected = problems.orbit(other, 20)
            np.testing.assert_allclose(problems.orbit(ours, 20), expected, rtol=1e-14)


def test_alex_numbers_its_field_evaluations():
    draws = []

    def field_fn(z, draw=0):
        draws.append(draw)
        return mm.Players(z.max, -z.min)

    z = mm.Players(1.0, 1.0)
    for delta in (1.0, 1.5):
        tx = alex(0.1, 2.0, delta)
        tx.update(field_fn(z), tx.init(z), z, field_fn=field_fn)
    assert draws == [0, 1, 0, 1, 2]


@pytest.mark.parametrize("theta", [1.0, 0.5])
def test_pdhg_follows_its_formulas_on_simplices(theta):
    tau, sigma = 0.5 / matrix_game.LIPSCHITZ, 1.6 / matrix_game.LIPSCHITZ
    seen = matrix_game.iterates(
        lambda projection: mm.primal_dual_hybrid_gradient(
            mm.Players(tau, sigma), relaxation=theta, projection=projection
        ),
        600,
    )
    z = seen[0]
    for step in seen[1:40]:
        x, y = z[:ROWS], z[ROWS:]
        new = project(np.concatenate([x - tau * PAYOFFS @ y, y]))[:ROWS]
        ascent = y + sigma * PAYOFFS.T @ (new + theta * (new - x))
        z = project(np.concatenate([new, ascent]))
        np.testing.assert_allclose(step, z, atol=1e-13)
    assert theta < 1 or matrix_game.gap(seen[-1]) < 1e-6 < matrix_game.gap(seen[0])


def test_pdhg_without_constraints_equals_alex():
    tau, sigma = 0.3, 0.7
    orbits = [
        problems.orbit(tx, 30)
        for tx in (
            mm.primal_dual_hybrid_gradient(mm.Players(tau, sigma)),
            alex(mm.Players(tau, sigma), 2.0, 1.0),
        )
    ]
    np.testing.assert_array_equal(*orbits)
