"""The planar games of the greedy method."""

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
def test_payoffs_by_hand(name, value):
    assert games.keswani(name).payoff_fn(mm.Players(2.0, 3.0)) == pytest.approx(value, rel=1e-6)


@pytest.mark.parametrize("name", ["F1", "F3"])
def test_origin_is_the_local_min_max_point_but_no_nash_equilibrium(name):
    game = games.keswani(name)
    assert game.field_fn(game.solution) == (0.0, 0.0)
    (xx, xy), (_, minus_yy) = mm.diagnostics.jacobian(game.field_fn, game.solution)
    assert minus_yy > 0  # y = 0 is the best answer nearby
    assert xx + xy**2 / minus_yy > 0  # and x = 0 the best against best answers
    assert xx < 0  # against y = 0 held still it is the worst


@pytest.mark.parametrize("name", ["F1", "F3"])
def test_worst_case_over_a_grid_is_least_at_the_solution(name):
    game = games.keswani(name)
    x, y = jnp.linspace(-6, 6, 121), jnp.linspace(-40, 40, 8001)
    worst = jax.vmap(lambda x: jax.vmap(lambda y: game.payoff_fn(mm.Players(x, y)))(y).max())(x)
    assert abs(x[jnp.argmin(worst)]) < 1e-5
    assert worst.min() == pytest.approx(0, abs=1e-4)


def test_f2_attracts_to_a_point_from_which_the_max_player_has_no_bound():
    game = games.keswani("F2")
    end = mm.solve(mm.sgda(0.05), game.field_fn, game.start, 500).players
    assert max(map(abs, end)) < 1e-6
    assert game.payoff_fn(mm.Players(0.0, 1e3)) == 1e6
    assert game.solution is None


def test_f1_drives_descent_ascent_away_and_f3_round_a_cycle():
    def run(name, num_steps):
        game = games.keswani(name)
        z = mm.solve(mm.sgda(0.05), game.field_fn, game.start, num_steps).players
        return float(jnp.hypot(*z))

    assert run("F1", 200) > 1e3
    assert all(0.5 < run("F3", n) < 50 for n in (2000, 2100, 2200))


def test_error_lists_the_names():
    with pytest.raises(ValueError, match="keswani: name must be 'F1' or 'F2' or 'F3', got 'F4'"):
        games.keswani("F4")
