"""The quadratic games, by their Jacobian."""

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
def test_field_is_zero_at_the_solution(game):
    assert largest(game.field_fn(game.solution)) < 1e-5
    chex.assert_trees_all_equal_shapes(game.solution, game.start)


def test_jacobian_is_the_block_matrix(strict_promotion):
    game = games.quadratic(2.0, A, np.diag([1.0, 3.0]), linear=LINEAR)
    wanted = np.block([[2 * np.eye(2), A], [-A.T, np.diag([1.0, 3.0])]])
    np.testing.assert_allclose(mm.diagnostics.jacobian(game.field_fn, game.start), wanted)


def test_payoff_by_hand():
    game = games.quadratic(6.0, 4.0, -2.0)  # 3x² + 4xy + y²
    assert game.payoff_fn(mm.Players(2.0, 3.0)) == 12.0 + 24.0 + 9.0


@pytest.mark.parametrize(
    "game",
    [
        games.quadratic(6.0, 4.0, -2.0),  # the max player has its worst answer
        games.quadratic(-1.0, 4.0, 2.0),  # the min player moves along a ridge
        games.bilinear(np.ones((2, 2))),  # a whole line of zeros
        games.bilinear(np.ones((2, 3))),
        games.quadratic(0.0, 0.0, 0.0),
    ],
)
def test_no_solution_is_claimed_where_there_is_none_or_many(game):
    assert game.solution is None


def test_local_saddle_attracts_although_it_is_no_min_max_point():
    game = games.quadratic(6.0, 4.0, -2.0)
    end = mm.solve(mm.sgda(0.1), game.field_fn, game.start, 300).players
    assert largest(end) < 1e-6
    assert game.payoff_fn(mm.Players(0.0, 10.0)) == 100.0  # any other answer is better


def test_descent_ascent_leaves_the_bilinear_solution_by_closed_form():
    game, rate = games.bilinear(), 0.5
    end = mm.solve(mm.sgda(rate), game.field_fn, game.start, 20).players
    assert end.min**2 + end.max**2 == pytest.approx(2 * (1 + rate**2) ** 20, rel=1e-5)


@pytest.mark.parametrize("dtype", ["bfloat16", "float32"])
def test_field_has_the_players_dtype(dtype, strict_promotion):
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
def test_errors_name_the_argument(options, named):
    with pytest.raises(ValueError, match=f"quadratic: {named}"):
        games.quadratic(**options)
