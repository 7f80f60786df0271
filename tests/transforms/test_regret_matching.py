"""Tests of regret matching against NumPy, and on a matrix game and Kuhn's poker."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import minmax_jax as mm
from tests import matrix_game

ROWS = matrix_game.ROWS


def _both(**options):
    one = mm.regret_matching(**options)
    return mm.per_player(min=one, max=one)


@pytest.mark.parametrize("plus", [False, True])
def test_regret_matching_matches_numpy(plus):
    run = matrix_game.iterates(lambda _: _both(plus=plus), 100)
    regrets, z = [np.zeros(ROWS), np.zeros(len(run[0]) - ROWS)], run[0]
    for after in run[1:]:
        sides = zip(np.split(z, [ROWS]), np.split(-matrix_game.field(z), [ROWS]), strict=True)
        new = []
        for i, (own, utilities) in enumerate(sides):
            regrets[i] = regrets[i] + utilities - utilities @ own
            positive = np.maximum(regrets[i], 0)
            regrets[i] = positive if plus else regrets[i]
            total = positive.sum()
            new.append(positive / total if total > 0 else np.full(own.size, 1 / own.size))
        z = np.concatenate(new)
        np.testing.assert_allclose(after, z, atol=1e-13)


@pytest.mark.parametrize("factor", [8.0, 2.0**124])  # A power of two does not round.
def test_regret_matching_is_invariant_under_scaling(factor):
    game = mm.games.matrix(matrix_game.PAYOFFS)
    scaled = mm.games.matrix(factor * matrix_game.PAYOFFS)
    ends = [
        jax.jit(lambda z, game=game: mm.solve(_both(), game.field_fn, z, 50).players)(game.start)
        for game in (game, scaled)
    ]
    for a, b in zip(*ends, strict=True):
        np.testing.assert_array_equal(a, b)


def test_alternating_average_of_regret_matching_plus_is_best():
    one = mm.regret_matching()
    both = mm.alternate(min=one, max=one)

    def gap(tx):
        def run():
            game = mm.games.matrix(matrix_game.PAYOFFS)
            start = jax.tree.map(lambda x: jnp.asarray(x, float), game.start)
            return mm.averaged_players(mm.solve(tx, game.field_fn, start, 5000).state)

        with jax.enable_x64(True):
            return matrix_game.gap(np.concatenate(jax.jit(run)()))

    alternating = gap(mm.average(both, "linear"))
    assert alternating < 1e-3
    assert alternating < gap(mm.average(_both(), "linear")) < 0.05


def test_counterfactual_regret_minimization_solves_kuhn_poker():
    game, parents = mm.games.kuhn_poker(), mm.games.KUHN_POKER_PARENTS
    low, high = (mm.regret_matching(parents=side) for side in parents)
    tx = mm.average(mm.alternate(min=low, max=high), "linear")
    result = jax.jit(lambda z: mm.solve(tx, game.field_fn, z, 2000))(game.start)
    mean = mm.averaged_players(result.state)
    assert mm.diagnostics.exploitability(game.field_fn, mean, parents=parents) < 2e-4
    assert game.payoff_fn(mean) == pytest.approx(-1 / 18, abs=1e-4)
