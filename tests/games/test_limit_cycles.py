"""Tests of Forsaken and the polar game, whose flows have limit cycles."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import minmax_jax as mm
from minmax_jax import games


def test_forsaken_field_matches_hand_values():
    field = games.forsaken().field_fn(mm.Players(1.0, 0.5))
    # φ'(1) = 1/2 − 2 + 1 and φ'(1/2) = 1/4 − 1/4 + 1/32.
    np.testing.assert_allclose(field, [0.05 - 0.5, -(1 - 1 / 32)], rtol=1e-6)
    payoff = games.forsaken().payoff_fn(mm.Players(1.0, 0.5))
    phi = [1 / 4 - 1 / 2 + 1 / 6, 1 / 16 - 1 / 32 + 1 / 384]
    assert payoff == pytest.approx(0.05 + phi[0] - phi[1], rel=1e-6)


def test_forsaken_solution_is_the_only_critical_point():
    game = games.forsaken()
    np.testing.assert_allclose(game.field_fn(game.solution), 0, atol=1e-7)
    eigenvalues = np.linalg.eigvals(mm.diagnostics.jacobian(game.field_fn, game.solution))
    np.testing.assert_allclose(eigenvalues.real, 0.044746, atol=1e-5)
    # F_y = 0 at x = φ'(y). On this curve, F_x is a polynomial in y, whose real roots are counted.
    slope = np.polynomial.Polynomial([0, 0.5, 0, -2, 0, 1])
    along = np.polynomial.Polynomial([-0.45, 1]) + slope(slope)
    roots = along.roots()
    real = roots.real[np.abs(roots.imag) < 1e-6]
    inside = real[(np.abs(real) <= 1.5) & (np.abs(slope(real)) <= 1.5)]
    np.testing.assert_allclose(inside, game.solution.max, atol=1e-6)


def test_polar_field_is_radial_part_and_rotation():
    a, (x, y) = 0.7, (0.8, -0.4)
    square = x**2 + y**2
    psi = a * (square - 1) * (16 * square - 9) / 16
    field = games.polar(a).field_fn(mm.Players(x, y))
    np.testing.assert_allclose(field, [psi * x - y, psi * y + x], rtol=1e-5)


@pytest.mark.parametrize(("radius", "end"), [(0.7, 0.0), (0.8, 1.0), (1.05, 1.0)])
def test_polar_flow_leaves_inner_and_approaches_outer_cycle(radius, end):
    game = games.polar()
    start = mm.Players(jnp.asarray(radius), jnp.zeros(()))
    # One step of size h multiplies the radius by √((1 − hψ)² + h²), so cycles move by O(h).
    run = jax.jit(lambda z: mm.solve(mm.sgda(0.002), game.field_fn, z, 30_000).players)
    assert float(jnp.hypot(*run(start))) == pytest.approx(end, abs=0.01)


@pytest.mark.parametrize("game", [games.forsaken(), games.polar()], ids=["forsaken", "polar"])
def test_limit_cycle_games_project_onto_their_box(game):
    bound = float(game.projection(jnp.asarray(9.0)))
    assert game.projection(mm.Players(-9.0, 0.5)) == (-bound, 0.5)
    assert game.projection(game.start) == game.start


def test_polar_refuses_negative_strength():
    with pytest.raises(ValueError, match=r"^polar: strength must be at least 0, got -1\.0"):
        games.polar(-1.0)
