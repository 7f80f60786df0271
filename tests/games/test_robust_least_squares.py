"""Tests of robust least squares on the diabetes data of scikit-learn."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.datasets import load_diabetes

import minmax_jax as mm
from minmax_jax import games

FEATURES, TARGETS = load_diabetes(return_X_y=True)
TARGETS = (TARGETS - TARGETS.mean()) / TARGETS.std()


def test_field_is_zero_at_solution():
    with jax.enable_x64(True):
        game = games.robust_least_squares(FEATURES, TARGETS)
        assert max(float(jnp.abs(side).max()) for side in game.field_fn(game.solution)) < 1e-10


def test_coefficients_match_ordinary_least_squares():
    game = games.robust_least_squares(FEATURES, TARGETS, penalty=1.5)
    wanted = np.linalg.lstsq(FEATURES, TARGETS)[0]
    np.testing.assert_allclose(game.solution.min, wanted, rtol=1e-5)


def test_max_over_targets_scales_squared_error():
    game, penalty = games.robust_least_squares(FEATURES, TARGETS, penalty=2.5), 2.5
    x = jnp.ones(10)
    y = (penalty * TARGETS - FEATURES @ np.ones(10)) / (penalty - 1)
    wanted = penalty / (penalty - 1) * 0.5 * np.sum((FEATURES @ np.ones(10) - TARGETS) ** 2)
    assert game.payoff_fn(mm.Players(x, jnp.asarray(y, jnp.float32))) == pytest.approx(wanted)


def test_duality_gap_search_matches_closed_form():
    game = games.robust_least_squares(FEATURES[:20, :3], TARGETS[:20])
    a, y0, y = FEATURES[:20, :3], TARGETS[:20], TARGETS[:20]
    residual = a @ np.linalg.lstsq(a, y)[0] - y
    exact = 1.5 * 0.5 * np.sum(y0**2) - 0.5 * np.sum(residual**2)  # At the start, x = 0 and y = y₀.
    found = mm.diagnostics.duality_gap(
        game.payoff_fn, game.start, field_fn=game.field_fn, tx=mm.sgda(0.4), num_steps=2000
    )
    assert found == pytest.approx(exact, rel=1e-3)
    assert found <= exact + 1e-4


def test_sgda_converges_to_solution():
    game = games.robust_least_squares(FEATURES[:, :3], TARGETS)
    end = jax.jit(lambda z: mm.solve(mm.sgda(0.3), game.field_fn, z, 300).players)(game.start)
    np.testing.assert_allclose(end.min, game.solution.min, atol=1e-3)
    np.testing.assert_allclose(end.max, game.solution.max, atol=1e-3)


def test_solution_is_none_for_rank_deficient_features():
    assert games.robust_least_squares(np.ones((4, 2)), np.arange(4.0)).solution is None


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ((np.ones((4, 2)), np.ones(3)), "targets a vector"),
        ((np.ones(4), np.ones(4)), "features must be a matrix"),
    ],
)
def test_robust_least_squares_raises_for_invalid_arguments(arguments, named):
    with pytest.raises(ValueError, match=f"robust_least_squares: .*{named}"):
        games.robust_least_squares(*arguments)
    with pytest.raises(ValueError, match="penalty must be above 1, got 1"):
        games.robust_least_squares(np.ones((4, 2)), np.ones(4), penalty=1.0)
