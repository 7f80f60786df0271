"""Tests of the duality gap, exact and by search."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import minmax_jax as mm

gap = mm.diagnostics.duality_gap


def rock_paper_scissors():
    game = mm.games.matrix()
    return game, mm.diagnostics.best_vertices(game.field_fn)


@pytest.mark.parametrize(
    ("x", "y", "wanted"),
    [
        ([1 / 3] * 3, [1 / 3] * 3, 0.0),
        ([1.0, 0, 0], [1.0, 0, 0], 2.0),  # Paper beats both players.
        ([1.0, 0, 0], [1 / 3] * 3, 1.0),
        ([0.5, 0.5, 0], [0.5, 0.5, 0], 1.0),
    ],
)
def test_duality_gap_of_rock_paper_scissors_matches_hand_values(x, y, wanted):
    game, best = rock_paper_scissors()
    found = gap(game.payoff_fn, mm.Players(jnp.array(x), jnp.array(y)), best_responses=best)
    assert found == pytest.approx(wanted, abs=1e-6)


def test_search_on_simplex_finds_exact_gap():
    game, best = rock_paper_scissors()
    tx = optax.chain(optax.sgd(0.5), mm.project(game.projection))
    exact = gap(game.payoff_fn, game.start, best_responses=best)
    found = gap(game.payoff_fn, game.start, field_fn=game.field_fn, tx=tx, num_steps=50)
    assert found == pytest.approx(float(exact), abs=1e-5)


def test_search_gives_lower_bound_that_grows_with_budget():
    game = mm.games.quadratic()  # The gap of (x, y) is ½(x² + y²) + ½(x² + y²).
    search = {"field_fn": game.field_fn, "tx": mm.sgda(0.3)}
    gaps = [gap(game.payoff_fn, game.start, num_steps=n, **search) for n in (0, 1, 3, 10, 60)]
    assert gaps[0] == 0 and all(a < b for a, b in itertools.pairwise(gaps))
    assert gaps[-1] == pytest.approx(2.0, abs=1e-5)


def test_search_gives_zero_at_solution():
    game = mm.games.quadratic()
    found = gap(
        game.payoff_fn, game.solution, field_fn=game.field_fn, tx=mm.sgda(0.3), num_steps=20
    )
    assert found == 0


def test_search_from_another_start_finds_larger_gap():
    def payoff(z):  # The payoff has two maxima in y: a low one at 0, a high one at 4.
        return jnp.exp(-(z.max**2)) + 3 * jnp.exp(-((z.max - 4) ** 2)) + z.min**2

    field_fn, payoff_fn = mm.zero_sum(payoff), mm.payoff(payoff)
    search = {"field_fn": field_fn, "tx": mm.sgda(0.1), "num_steps": 100}
    z = mm.Players(0.0, 0.0)
    assert gap(payoff_fn, z, **search) < 0.01
    assert gap(payoff_fn, z, starts=[mm.Players(0.0, 3.5)], **search) == pytest.approx(2.0, 0.01)


def test_search_accepts_one_optimizer_per_player():
    game = mm.games.quadratic()
    still = mm.Players(min=optax.set_to_zero(), max=optax.sgd(0.3))
    z = mm.Players(1.0, 0.0)  # f(1, y) = ½ + y − ½y² is ½ at 0 and 1 at its best
    found = gap(game.payoff_fn, z, field_fn=game.field_fn, tx=still, num_steps=60)
    assert found == pytest.approx(0.5, abs=1e-5)


def test_duality_gap_is_infinite_when_unbounded():
    game = mm.games.keswani("F2")
    found = gap(game.payoff_fn, game.start, field_fn=game.field_fn, tx=mm.sgda(1.0), num_steps=200)
    assert found == np.inf


def test_search_uses_fresh_samples_and_compares_at_index_zero():
    def payoff(z, draw):
        return z.min * z.max + jnp.where(jnp.asarray(draw) == 0, 1.0, -5.0) * z.min

    search = {"field_fn": mm.zero_sum(payoff, stochastic=True), "tx": mm.sgda(0.1), "num_steps": 1}
    found = gap(mm.payoff(payoff, stochastic=True), mm.Players(1.0, 0.0), **search)
    # x increases by 0.5, which is worse at sample index 0; y increases by 0.1 and gains 0.1.
    assert found == pytest.approx(0.1, abs=1e-6)


def test_duality_gap_supports_jit_and_vmap():
    game, best = rock_paper_scissors()
    points = jax.random.dirichlet(jax.random.key(0), jnp.ones(3), (2, 5))
    z = mm.Players(points[0], points[1])
    together = jax.jit(jax.vmap(lambda z: gap(game.payoff_fn, z, best_responses=best)))(z)
    a = np.array([[0, 1, -1], [-1, 0, 1], [1, -1, 0]])
    x, y = (np.asarray(side) for side in z)
    wanted = (x @ a).max(1) - (y @ a.T).min(1)
    np.testing.assert_allclose(together, wanted, atol=1e-6)


def test_duality_gap_raises_for_start_of_another_structure():
    game, other = mm.games.bilinear(), mm.Players({"a": 1.0}, 1.0)
    search = {"field_fn": game.field_fn, "tx": optax.sgd(0.1), "num_steps": 1}
    with pytest.raises(ValueError, match="duality_gap: starts and players must have the same tree"):
        gap(game.payoff_fn, game.start, starts=[other], **search)


def test_duality_gap_raises_without_responses_or_search():
    game = mm.games.bilinear()
    with pytest.raises(ValueError, match="duality_gap: pass best_responses="):
        gap(game.payoff_fn, game.start, field_fn=game.field_fn)
