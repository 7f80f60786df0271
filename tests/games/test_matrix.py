"""Tests of matrix games against linear programming."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import linprog

import minmax_jax as mm
from minmax_jax import games
from minmax_jax.games.matrix import ROCK_PAPER_SCISSORS

PENNIES = np.array([[1.0, -1.0], [-1.0, 1.0]])
SKEWED = np.array([[3.0, -1.0, 0.5], [-2.0, 1.5, 1.0], [0.3, 1.0, -1.0]])


def linear_program(a):
    """Returns the min player's strategy and the value: min v with Aᵀx ≤ v, x on the simplex."""
    rows, columns = a.shape
    found = linprog(
        np.append(np.zeros(rows), 1.0),
        A_ub=np.hstack([a.T, -np.ones((columns, 1))]),
        b_ub=np.zeros(columns),
        A_eq=np.append(np.ones(rows), 0.0)[None],
        b_eq=[1.0],
        bounds=[(0, None)] * rows + [(None, None)],
    )
    return found.x[:rows], found.fun


@pytest.mark.parametrize("a", [np.array(ROCK_PAPER_SCISSORS), PENNIES, SKEWED])
def test_solution_matches_linear_program(a):
    game = games.matrix(a)
    x, value = linear_program(a)
    y, negative = linear_program(-a.T)
    assert value == pytest.approx(-negative, abs=1e-9)
    chex.assert_trees_all_close(game.solution, mm.Players(x, y), atol=1e-6)
    assert game.payoff_fn(game.solution) == pytest.approx(value, abs=1e-6)


@pytest.mark.parametrize(
    "a",
    [
        np.array([[1.0, 2.0], [0.0, -1.0]]),  # This game has a pure equilibrium.
        np.zeros((2, 2)),  # Every point is a solution.
        np.array([[1.0, -1.0, 0.3], [-1.0, 1.0, 0.3]]),
    ],
)
def test_solution_is_none_unless_completely_mixed(a):
    assert games.matrix(a).solution is None


def test_duality_gap_is_zero_at_linear_program_solution():
    a = np.random.default_rng(0).normal(size=(4, 6))
    game = games.matrix(a)
    strategies = linear_program(a)[0], linear_program(-a.T)[0]
    z = mm.Players(*(jnp.asarray(side, jnp.float32) for side in strategies))
    best = mm.diagnostics.best_vertices(game.field_fn)
    assert abs(mm.diagnostics.duality_gap(game.payoff_fn, z, best_responses=best)) < 1e-6
    assert mm.diagnostics.duality_gap(game.payoff_fn, game.start, best_responses=best) > 0.1


def test_projection_accepts_players_and_one_player():
    game = games.matrix(np.ones((2, 3)))
    z = mm.Players(jnp.array([3.0, 1.0]), jnp.array([-1.0, 0.2, 0.4]))
    both = game.projection(z)
    chex.assert_trees_all_close(
        both, mm.Players(jnp.array([1.0, 0.0]), jnp.array([0.0, 0.4, 0.6])), atol=1e-6
    )
    chex.assert_trees_all_equal(both, mm.Players(game.projection(z.min), game.projection(z.max)))
    chex.assert_trees_all_close(game.projection(game.start), game.start, atol=1e-6)


def test_projected_sgda_stays_on_simplices():
    game = games.matrix()
    optimizer = mm.sgda(0.3, projection=game.projection)
    run = jax.jit(lambda z: mm.solve(optimizer, game.field_fn, z, 50, record=lambda k, z, u, s: z))
    for side in run(game.start).records:
        np.testing.assert_allclose(side.sum(-1), 1, atol=1e-6)
        assert side.min() >= 0


def test_matrix_raises_for_invalid_payoffs():
    with pytest.raises(ValueError, match="matrix: payoffs must be a matrix"):
        games.matrix(np.ones(3))
