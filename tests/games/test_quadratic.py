"""Tests of quadratic and bilinear games."""

import chex
import jax.numpy as jnp
import numpy as np
import pytest

import minmax_jax as mm
from minmax_jax import games

A = np.array([[1.0, 2.0], [-0.5, 1.0]])
LINEAR = mm.Players(np.array([1.0, -2.0]), np.array([0.5, 3.0]))


def largest(players):
    return max(float(jnp.abs(jnp.asarray(side)).max()) for side in players)


@pytest.mark.parametrize(
    "game",
    [
        games.quadratic(),
        games.quadratic(2.0, A, np.diag([1.0, 3.0]), linear=LINEAR),
        games.quadratic(0.0, 3.0, 0.0, linear=mm.Players(1.0, -2.0)),
        games.bilinear(),
        games.bilinear(A, linear=LINEAR),
    ],
)
def test_field_is_zero_at_solution(game):
    assert largest(game.field_fn(game.solution)) < 1e-5
    chex.assert_trees_all_equal_shapes(game.solution, game.start)


def test_jacobian_is_block_matrix(strict_promotion):
    game = games.quadratic(2.0, A, np.diag([1.0, 3.0]), linear=LINEAR)
    wanted = np.block([[2 * np.eye(2), A], [-A.T, np.diag([1.0, 3.0])]])
    np.testing.assert_allclose(mm.diagnostics.jacobian(game.field_fn, game.start), wanted)


def test_payoff_matches_hand_value():
    game = games.quadratic(6.0, 4.0, -2.0)  # 3x² + 4xy + y²
    assert game.payoff_fn(mm.Players(2.0, 3.0)) == 12.0 + 24.0 + 9.0


@pytest.mark.parametrize(
    "game",
    [
        games.quadratic(6.0, 4.0, -2.0),  # The zero minimizes over y.
        games.quadratic(-1.0, 4.0, 2.0),  # The zero maximizes over x.
        games.bilinear(np.ones((2, 2))),  # The zeros form a line.
        games.bilinear(np.ones((2, 3))),
        games.quadratic(0.0, 0.0, 0.0),
    ],
)
def test_solution_is_none_unless_unique_min_max_point(game):
    assert game.solution is None


def test_sgda_converges_to_zero_that_is_not_min_max_point():
    game = games.quadratic(6.0, 4.0, -2.0)
    end = mm.solve(mm.sgda(0.1), game.field_fn, game.start, 300).players
    assert largest(end) < 1e-6
    assert game.payoff_fn(mm.Players(0.0, 10.0)) == 100.0  # Every other y is better.


def test_sgda_diverges_on_bilinear_game_at_closed_form_rate():
    game, rate = games.bilinear(), 0.5
    end = mm.solve(mm.sgda(rate), game.field_fn, game.start, 20).players
    assert end.min**2 + end.max**2 == pytest.approx(2 * (1 + rate**2) ** 20, rel=1e-5)


@pytest.mark.parametrize("dtype", ["bfloat16", "float32"])
def test_field_keeps_dtype_of_players(dtype, strict_promotion):
    game = games.quadratic(2.0, A, np.eye(2), linear=LINEAR)
    z = mm.Players(jnp.ones(2, dtype), jnp.ones(2, dtype))
    assert all(side.dtype == dtype for side in game.field_fn(z))


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"coupling": np.ones(3)}, "coupling must be a number or a matrix"),
        ({"coupling": A, "min_curvature": [[1.0, 2.0], [0.0, 1.0]]}, "min_curvature must be"),
        ({"coupling": A, "max_curvature": np.eye(3)}, "max_curvature must be"),
        ({"coupling": A, "linear": mm.Players(1.0, 1.0)}, "linear must be"),
    ],
)
def test_quadratic_raises_for_invalid_arguments(options, named):
    with pytest.raises(ValueError, match=f"quadratic: {named}"):
        games.quadratic(**options)
