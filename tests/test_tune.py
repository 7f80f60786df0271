"""Tuning of learning rates: equal budgets, closed-form calls, and the table."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import minmax_jax as mm

RATES = jnp.array([0.1, 0.5, 2.5])
STARTS = mm.Players(jnp.array([1.0, -3.0]), jnp.array([0.0, 4.0]))
decoupled = mm.games.Game(
    mm.zero_sum(lambda z: 0.5 * (z.min**2 - z.max**2)),
    mm.payoff(lambda z: 0.5 * (z.min**2 - z.max**2)),
    start=mm.Players(1.0, 1.0),
    solution=mm.Players(0.0, 0.0),
)
"""A game on which descent–ascent multiplies the players by 1 − η, and extragradient by 1 − η + η².
"""


def test_tune_counts_calls_of_closed_form_rates():
    one = mm.tune(mm.sgda, decoupled, RATES, starts=STARTS, budget=40, num_seeds=2)
    two = mm.tune(mm.extragradient, decoupled, RATES, starts=STARTS, budget=40)
    assert one.cost.tolist() == [1, 1, 1] and two.cost.tolist() == [2, 2, 2]
    assert one.distances.shape == (3, 2, 2, 41) and two.distances.shape == (3, 2, 1, 21)
    factors = np.abs(1 - np.asarray(RATES)), 1 - np.asarray(RATES) + np.asarray(RATES) ** 2
    for tuning, factor, cost in zip((one, two), factors, (1, 2), strict=True):
        powers = factor[:, None] ** np.arange(tuning.distances.shape[-1])
        np.testing.assert_allclose(tuning.distances[:, 0, 0], powers, rtol=1e-5)
        np.testing.assert_allclose(tuning.distances[:, 1, -1], 5 * powers, rtol=1e-5)
        calls = tuning.calls(0.1)
        updates = [np.ceil(np.log(0.1) / np.log(f)) if f < 1 else np.inf for f in factor]
        expected = np.where(np.array(updates) * cost <= 40, np.array(updates) * cost, np.inf)
        np.testing.assert_array_equal(calls, np.broadcast_to(expected[:, None, None], calls.shape))
        assert tuning.best(0.1) == 1 and tuning.best(1e-30) is None
    absolute = one.calls(0.3, relative=False)[1, :, 0]
    np.testing.assert_array_equal(absolute, [2, 5])  # 0.25 and 5/32.


def test_tune_prefers_solved_runs_over_few_calls():
    distances = np.ones((2, 2, 1, 5))
    distances[0, 0, 0, 1:] = 0.0  # One run of the first learning rate, after one update.
    distances[1, :, 0, 3:] = 0.0  # Both runs of the second one, after three updates.
    tuning = mm.Tuning(np.array([0.1, 0.2]), np.array([1.0, 1.0]), distances, budget=4)
    assert tuning.best(0.5) == 1
    distances[1, 1, 0, 4] = np.nan  # A run that leaves again does not count.
    assert tuning.best(0.5) == 0
    np.testing.assert_array_equal(tuning.calls(0.5)[1, :, 0], [3, np.inf])


def test_tuning_counts_calls_until_run_stays_within_tolerance():
    passing = [1.0, 0.05, 2.0, 0.01, 0.01]  # Crosses the target, leaves, and returns.
    lost = [1.0, 0.01, 0.01, 0.01, np.nan]
    distances = np.array([[[passing], [lost]]])

    def calls(budget):
        return mm.Tuning(np.ones(1), np.array([2.0]), distances, budget).calls(0.1).tolist()

    assert calls(8) == [[[6], [np.inf]]] and calls(5) == [[[np.inf], [2]]]


def test_tune_prefers_few_calls_among_equally_many_solved_runs():
    distances = np.ones((4, 2, 1, 100))
    for row, starts in enumerate(((3, None), (90, 90), (80, 80), (None, None))):
        for start, steps in enumerate(starts):
            distances[row, start, 0, steps or 100 :] = 0.0
    assert mm.Tuning(np.ones(4), np.ones(4), distances, 99).best(0.1) == 2
    assert mm.Tuning(np.ones(1), np.ones(1), distances[3:], 99).best(0.1) is None


def test_tune_runs_stochastic_games_with_a_key_per_seed():
    def payoff(z, key):
        return z.min * z.max + jax.random.normal(key) * (z.min - z.max)

    game = mm.games.Game(mm.zero_sum(payoff, stochastic=True), None, mm.Players(1.0, 1.0))

    def distance(z):
        return jnp.abs(z.min)

    options = {"budget": 3, "distance": distance, "cost_updates": 1}
    rates = mm.Players(jnp.array([0.1, 0.2]), jnp.array([0.3, 0.4]))
    seen = mm.tune(mm.sgda, game, rates, num_seeds=2, seed=5, **options).distances
    assert seen.shape == (2, 1, 2, 4) and not np.any(seen[:, :, 0, 1:] == seen[:, :, 1, 1:])
    one = mm.solve(
        mm.sgda(mm.Players(0.2, 0.4)), game.field_fn, game.start, 3, key=jax.random.key(6)
    )
    np.testing.assert_allclose(seen[1, 0, 1, -1], distance(one.players), rtol=1e-6)


def test_tuning_table_sorts_methods_and_shows_failures():
    def tuning(*calls):
        distances = np.ones((1, len(calls), 1, 9))
        for run, steps in enumerate(calls):
            if steps is not None:
                distances[0, run, 0, steps:] = 0.0
        return mm.Tuning(np.array([0.25]), np.array([2.0]), distances, budget=16)

    results = {
        "slow": {"a": tuning(4, 8), "b": tuning(1, 1)},
        "never": {"a": tuning(None, None), "b": tuning(2, None)},
        "fast": {"a": tuning(1, 2), "b": tuning(3, 3)},
    }
    expected = [
        "| method | a | b | solved |",
        "|---|---:|---:|---:|",
        "| `fast` | 3 | 6 | 100% |",
        "| `slow` | 12 | 2 | 100% |",
        "| `never` | – | ∞ (1/2) | 25% |",
    ]
    assert mm.tuning_table(results, 0.5).splitlines() == expected
    assert "| 12 (η = 0.25) |" in mm.tuning_table(results, 0.5, learning_rates=True)
    with pytest.raises(ValueError, match=r"^tuning_table: results must hold the same games"):
        mm.tuning_table({**results, "other": {"a": tuning(1)}}, 0.5)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"make": 0.1}, TypeError, "make must be a function of the learning rate"),
        ({"learning_rates": 0.1}, ValueError, "learning_rates must be one-dimensional"),
        ({"learning_rates": mm.Players(RATES, RATES[:1])}, ValueError, "learning_rates must be"),
        ({"starts": mm.Players(1.0, 1.0)}, ValueError, "starts must be one row per start"),
        ({"starts": RATES}, ValueError, "starts must be one row per start"),
        ({"budget": 0}, ValueError, "budget must be at least 1"),
        ({"game": decoupled._replace(solution=None)}, ValueError, "distance must be a function"),
        ({"distance": 1.0}, TypeError, "distance must be a function"),
        (
            {"game": decoupled._replace(solution=mm.Players(0.0, None))},
            ValueError,
            "game.solution must have the structure of game.start, got .* Pass distance=",
        ),
        (
            {"distance": lambda z: jnp.stack([*z]), "budget": 2, "cost_updates": 1},
            TypeError,
            r"distance must return a real scalar, got shape \(2,\)",
        ),
        ({"game": 3}, TypeError, "game must be a Game, got 3"),
        (
            {"learning_rates": [0.1, -0.1]},
            ValueError,
            "learning_rates must be at least 0, got -0.1",
        ),
        (
            {"learning_rates": mm.Players(RATES, RATES * jnp.nan)},
            ValueError,
            "learning_rates must be a finite number, got nan",
        ),
        (
            {"make": lambda rate: optax.set_to_zero()},
            ValueError,
            "make must create optimizers that use the field",
        ),
    ],
)
def test_tune_names_invalid_arguments(options, error, message):
    arguments = {"make": mm.sgda, "game": decoupled, "learning_rates": RATES, **options}
    with pytest.raises(error, match=f"^tune: {message}"):
        mm.tune(**arguments)


def test_tune_explains_that_it_compiles_itself():
    with pytest.raises(TypeError, match=r"^tune: learning_rates must be known .* outside of jit"):
        jax.jit(lambda rates: mm.tune(mm.sgda, decoupled, rates).distances)(RATES)


def test_tune_accepts_lists_of_learning_rates():
    options = {"budget": 2, "cost_updates": 1}
    of_list = mm.tune(mm.sgda, decoupled, [0.1, 0.5, 2.5], **options)
    of_array = mm.tune(mm.sgda, decoupled, RATES, **options)
    np.testing.assert_array_equal(of_list.distances, of_array.distances)
    both = mm.tune(mm.sgda, decoupled, mm.Players([0.1, 0.5], [0.2, 0.3]), **options)
    assert both.learning_rates.max.tolist() == pytest.approx([0.2, 0.3])
