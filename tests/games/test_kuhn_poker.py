"""Tests of Kuhn's poker against the rules of the game and its known equilibrium."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import minimize

import minmax_jax as mm

GAME, PARENTS = mm.games.kuhn_poker(), mm.games.KUHN_POKER_PARENTS


def _play(first, second, opening, after_bet, reply, answer):
    """Returns the first player's gain if every decision has one action, per own card."""
    wins = 1 if first > second else -1
    if opening[first] == 1:
        return 1 if answer[second] == 0 else 2 * wins
    if reply[second] == 0:
        return wins
    return -1 if after_bet[first] == 0 else 2 * wins


def _pure(opening, after_bet, reply, answer):
    def rows(actions):
        return jax.nn.one_hot(jnp.array(actions), 2)

    mine = {"opening": rows(opening), "after_bet": rows(after_bet) * rows(opening)[:, :1]}
    return mm.Players(min={"after_pass": rows(reply), "after_bet": rows(answer)}, max=mine)


def test_payoff_follows_the_rules_for_pure_strategies():
    rng = np.random.default_rng(0)
    payoff_fn = jax.jit(GAME.payoff_fn)
    deals = list(itertools.permutations(range(3), 2))
    for _ in range(40):
        actions = rng.integers(0, 2, size=(4, 3))
        wanted = np.mean([_play(*deal, *actions) for deal in deals])
        assert payoff_fn(_pure(*actions)) == pytest.approx(wanted, abs=1e-6)


@pytest.mark.parametrize("alpha", [0.0, 0.2, 1 / 3])
def test_known_equilibria_have_no_exploitability(alpha):
    # The first player may bet the lowest card with any probability up to 1/3 (Kuhn, 1950).
    bet = np.array([alpha, 0.0, 3 * alpha])
    call = np.array([0.0, alpha + 1 / 3, 1.0])
    passes = 1 - bet

    def rows(second):
        return jnp.stack([1 - jnp.asarray(second), jnp.asarray(second)], axis=-1)

    z = mm.Players(
        min={"after_pass": rows([1 / 3, 0, 1]), "after_bet": rows([0, 1 / 3, 1])},
        max={"opening": rows(bet), "after_bet": rows(call) * passes[:, None]},
    )
    gain = mm.diagnostics.exploitability(GAME.field_fn, z, parents=PARENTS)
    assert gain == pytest.approx(0, abs=1e-6)
    assert GAME.payoff_fn(z) == pytest.approx(-1 / 18, abs=1e-6)


def test_exploitability_matches_best_pure_strategies():
    z = GAME.projection(
        jax.tree.map(lambda x: jax.random.uniform(jax.random.key(3), x.shape), GAME.start)
    )
    payoff_fn = jax.jit(GAME.payoff_fn)
    choices = list(itertools.product(range(2), repeat=3))
    pure = [_pure(a, b, a, b) for a, b in itertools.product(choices, choices)]
    best = max(payoff_fn(mm.Players(z.min, p.max)) for p in pure)
    worst = min(payoff_fn(mm.Players(p.min, z.max)) for p in pure)
    gain = mm.diagnostics.exploitability(GAME.field_fn, z, parents=PARENTS)
    assert gain == pytest.approx(float(best - worst) / 2, abs=1e-6)


def test_projection_is_the_nearest_strategy():
    rng = np.random.default_rng(1)
    points = rng.normal(size=(12, 4))
    tree = {"opening": jnp.asarray(points[:, :2]), "after_bet": jnp.asarray(points[:, 2:])}
    projected = GAME.projection(tree)
    found = np.hstack([projected["opening"], projected["after_bet"]])
    for point, got in zip(points, found, strict=True):
        nearest = minimize(
            lambda x, point=point: np.sum((x - point) ** 2),
            np.array([0.5, 0.5, 0.25, 0.25]),
            method="SLSQP",
            bounds=[(0, 1)] * 4,
            constraints=[
                {"type": "eq", "fun": lambda x: x[0] + x[1] - 1},
                {"type": "eq", "fun": lambda x: x[2] + x[3] - x[0]},
            ],
            options={"ftol": 1e-14},
        ).x
        np.testing.assert_allclose(got, nearest, atol=1e-5)
    start = GAME.projection(GAME.start)
    for a, b in zip(jax.tree.leaves(start), jax.tree.leaves(GAME.start), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)
