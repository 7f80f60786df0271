"""Tests of the planar games of the greedy method."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import minmax_jax as mm
from minmax_jax import games


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("F1", -3 * 4 - 9 + 24),
        ("F2", 3 * 4 + 9 + 24),
        ("F3", (16 - (3 - 6 + 0.4) ** 2 - 8.1) * np.exp(-0.13)),
    ],
)
def test_payoff_matches_hand_values(name, value):
    assert games.keswani(name).payoff_fn(mm.Players(2.0, 3.0)) == pytest.approx(value, rel=1e-6)


@pytest.mark.parametrize("name", ["F1", "F3"])
def test_origin_is_local_min_max_point_but_not_nash(name):
    game = games.keswani(name)
    assert game.field_fn(game.solution) == (0.0, 0.0)
    (xx, xy), (_, minus_yy) = mm.diagnostics.jacobian(game.field_fn, game.solution)
    assert minus_yy > 0  # y = 0 is a local maximum.
    assert xx + xy**2 / minus_yy > 0  # x = 0 minimizes max_y f.
    assert xx < 0  # x = 0 maximizes f(x, 0).


@pytest.mark.parametrize("name", ["F1", "F3"])
def test_max_over_y_is_smallest_at_solution_on_a_grid(name):
    game = games.keswani(name)
    x, y = jnp.linspace(-6, 6, 121), jnp.linspace(-40, 40, 8001)
    worst = jax.vmap(lambda x: jax.vmap(lambda y: game.payoff_fn(mm.Players(x, y)))(y).max())(x)
    assert abs(x[jnp.argmin(worst)]) < 1e-5
    assert worst.min() == pytest.approx(0, abs=1e-4)


def test_sgda_on_f2_converges_where_payoff_is_unbounded():
    game = games.keswani("F2")
    end = mm.solve(mm.sgda(0.05), game.field_fn, game.start, 500).players
    assert max(map(abs, end)) < 1e-6
    assert game.payoff_fn(mm.Players(0.0, 1e3)) == 1e6
    assert game.solution is None


def test_sgda_diverges_on_f1_and_cycles_on_f3():
    def run(name, num_steps):
        game = games.keswani(name)
        z = mm.solve(mm.sgda(0.05), game.field_fn, game.start, num_steps).players
        return float(jnp.hypot(*z))

    assert run("F1", 200) > 1e3
    assert all(0.5 < run("F3", n) < 50 for n in (2000, 2100, 2200))


def test_keswani_raises_for_unknown_name():
    with pytest.raises(ValueError, match="keswani: name must be 'F1' or 'F2' or 'F3', got 'F4'"):
        games.keswani("F4")
