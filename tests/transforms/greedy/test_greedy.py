"""The greedy method: rejections, the accept test, bounds and planar tests."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import minmax_jax as mm
from tests import problems
from tests.devices import first_devices

pytestmark = pytest.mark.usefixtures("strict_promotion")
KEY = jax.random.key(2)
STATUS = mm.GreedyStatus
NOISE = optax.chain(optax.set_to_zero(), mm.add_noise(0.5))
PLANAR = {  # The authors' script: x + N(0, ½²), ascent at 0.05, 20 rejections in a row.
    "max_ascent_steps": 2000,
    "gradient_tolerance": 1e-3,
    "min_improvement": 0.03,
    "max_rejections": 19,
    "stochastic": False,
}
FIXED = {"gradient_tolerance": None, "max_ascent_steps": 2}


def seeds(tx, game, num_steps, count=20, **options):
    """Returns the results of several seeds, run in one program."""

    def one(key):
        return mm.solve(
            tx, game.field_fn, game.start, num_steps, payoff_fn=game.payoff_fn, key=key, **options
        )

    return jax.jit(jax.vmap(one))(jax.random.split(KEY, count))


def records(tx, game, num_steps, key=KEY, payoff_fn=None):
    """Returns (players, state) after each update of one run."""

    def run():
        return mm.solve(
            tx,
            game.field_fn,
            game.start,
            num_steps,
            payoff_fn=payoff_fn or game.payoff_fn,
            key=key,
            record=lambda step, z, u, s: (z, s),
        ).records

    return jax.jit(run)()


def game_of(payoff, x=1.0, y=0.5):
    start = mm.Players(jnp.asarray(x), jnp.asarray(y))
    return problems.Problem(payoff, start, start)


uphill = game_of(lambda z: z.min**2 + z.max - 0.5 * z.max**2)
"""max_y f = x² + ½: proposals that increase x² are rejected, except the first."""
WRONG_WAY = optax.chain(optax.trace(0.5), optax.scale(0.1))
MOMENTUM = optax.chain(optax.trace(0.5), optax.scale(-0.1))


# The planar tests of the paper. The numbers come from a port of the authors' script.


@pytest.mark.parametrize(
    ("name", "mean_x", "mean_y", "proposals"),
    [("F1", 0.10, 0.21, 51), ("F3", 0.04, 0.12, 57)],
)
def test_greedy_planar_tests_end_near_the_origin(name, mean_x, mean_y, proposals):
    game = mm.games.keswani(name)
    end = seeds(mm.greedy(NOISE, optax.sgd(0.05), **PLANAR), game, 300)
    assert set(np.asarray(end.state.status)) == {STATUS.CONVERGED}
    x, y = (float(jnp.mean(jnp.abs(side))) for side in end.players)
    assert x < mean_x + 0.1 and y < mean_y + 0.2
    assert abs(float(jnp.mean(end.state.count)) - proposals) < 15
    plain = mm.solve(mm.sgda(0.05), game.field_fn, game.start, 300).players
    assert not abs(float(plain.min)) < 1.0


@pytest.mark.parametrize(
    "options", [{}, {"max_ascent_steps": 200, "gradient_bound": 1e6}], ids=["overflow", "bound"]
)
def test_greedy_reports_a_diverged_ascent(options):
    game = mm.games.keswani("F2")
    end = seeds(mm.greedy(NOISE, optax.sgd(0.05), **{**PLANAR, **options}), game, 50, count=5)
    assert set(np.asarray(end.state.status)) == {STATUS.ASCENT_DIVERGED}
    assert bool(jnp.all(end.players.min == 5.5)) and bool(jnp.all(end.players.max == 5.5))
    assert bool(jnp.all(end.state.count == 1)) and bool(jnp.all(end.state.accepted == 0))


# Bounds on the number of proposals.

BOUNDED = {
    "waves": (1.5, lambda z: jnp.sin(z.min) * jnp.cos(z.max) + 0.5 * jnp.cos(2 * z.min + z.max)),
    "saddle": (1.0, lambda z: jnp.tanh(z.min * z.max)),
    "hills": (1.0, lambda z: jnp.sin(3 * z.min + jnp.sin(z.max)) * jnp.exp(-0.1 * z.max**2)),
}


@pytest.mark.parametrize("name", BOUNDED)
@pytest.mark.parametrize("options", [{}, FIXED], ids=["tolerance", "fixed"])
def test_greedy_stops_within_bounds_on_proposals(name, options):
    (b, payoff), delta, r_max = BOUNDED[name], 0.25, 3
    most = int((2 * b / delta + 2) * (r_max + 1))
    tx = mm.greedy(
        NOISE,
        optax.sgd(0.1),
        **{"max_ascent_steps": 30, "gradient_tolerance": 0.05, **options},
        min_improvement=delta,
        max_rejections=r_max,
    )
    end = seeds(tx, game_of(payoff), most + 1, count=50).state
    assert bool(jnp.all(end.status != STATUS.RUNNING))
    assert max(np.asarray(end.accepted)) <= 2 * b / delta + 1
    assert max(np.asarray(end.count)) <= most
    assert max(np.asarray(end.accepted)) > 1  # The method made progress.


# Rejections.


def rejection(**options):
    """Returns states and players before and after the second update, which is rejected."""
    tx = mm.greedy(WRONG_WAY, MOMENTUM, **{**FIXED, **options})
    players, states = records(tx, uphill, 2)
    first, second = (jax.tree.map(lambda leaf: leaf[i], (players, states)) for i in (0, 1))  # noqa: B023
    assert int(first[1].accepted) == 1 and int(second[1].accepted) == 1
    return first, second


@pytest.mark.parametrize("options", [{}, {"stochastic": False}, {"gradient_tolerance": 1e-3}])
def test_greedy_rejection_restores_all_but_the_count(options):
    (z, state), (z_after, after) = rejection(**options)
    chex.assert_trees_all_equal((z, state.min, state.max), (z_after, after.min, after.max))
    assert after.value == state.value
    np.testing.assert_allclose(after.value, uphill.payoff(z), rtol=1e-6)
    assert (int(state.count), int(after.count)) == (1, 2)
    assert (int(state.rejections), int(after.rejections)) == (0, 1)
    assert (int(after.ascent_steps), int(after.total_ascent_steps)) == (2, 4)


def test_greedy_keeps_moments_without_restore_states():
    (z, state), (z_after, after) = rejection(restore_states=False)
    chex.assert_trees_all_equal(z, z_after)
    assert after.min[0].trace != state.min[0].trace
    assert after.max[0].trace != state.max[0].trace


def test_greedy_keeps_max_player_without_restore_max():
    (z, state), (z_after, after) = rejection(restore_max=False)
    assert z.min == z_after.min and z.max != z_after.max
    chex.assert_trees_all_equal(state.min, after.min)
    assert after.max[0].trace != state.max[0].trace


def test_greedy_proposes_new_noise_after_a_rejection():
    """At the minimum of x², all proposals are rejected, and all differ."""
    seen = []
    tx = mm.greedy(NOISE, optax.sgd(0.1), **FIXED)
    z = mm.Players(jnp.asarray(0.0), jnp.asarray(1.0))
    state = tx.init(z)._replace(value=jnp.asarray(0.5), accepted=jnp.asarray(1))

    def payoff_fn(players, draw=0):
        seen.append(float(players.min))
        return players.min**2

    for _ in range(5):  # The same key for all updates.
        updates, state = tx.update(
            uphill.field_fn(z), state, z, field_fn=uphill.field_fn, payoff_fn=payoff_fn, key=KEY
        )
        chex.assert_trees_all_equal(updates, mm.Players(jnp.zeros(()), jnp.zeros(())))
    proposed = [x for x in seen if x != 0.0]
    assert len(proposed) == len(set(proposed)) == 5
    assert int(state.rejections) == 5


def test_greedy_updates_are_zero_after_the_end():
    tx = mm.greedy(WRONG_WAY, MOMENTUM, **FIXED, max_rejections=1)
    players, states = records(tx, uphill, 6)
    assert [int(s) for s in states.status] == [0, 0, *[STATUS.OUT_OF_REJECTIONS] * 4]
    third, last = (jax.tree.map(lambda leaf: leaf[i], (players, states)) for i in (2, 5))  # noqa: B023
    chex.assert_trees_all_equal(third, last)
    assert int(last[1].count) == 3 and int(last[1].rejections) == 2


def test_greedy_converges_only_if_ascent_reached_tolerance():
    for steps, status in ((200, STATUS.CONVERGED), (3, STATUS.OUT_OF_REJECTIONS)):
        tx = mm.greedy(
            WRONG_WAY,
            optax.sgd(0.1),
            max_ascent_steps=steps,
            gradient_tolerance=1e-3,
            max_rejections=2,
        )
        assert int(records(tx, uphill, 6)[1].status[-1]) == status


# The accept test.


def test_greedy_accepting_all_is_alternating_min_first():
    tx = mm.greedy(MOMENTUM, MOMENTUM, max_ascent_steps=3, gradient_tolerance=None, accept_every=1)
    other = mm.alternate(min=MOMENTUM, max=MOMENTUM, max_steps=3, first="min")

    def run(optimizer):
        return records(optimizer, problems.curved, 10)[0]

    chex.assert_trees_all_close(run(tx), run(other), rtol=1e-6, atol=1e-6)


def test_greedy_accepts_every_nth_update():
    tx = mm.greedy(WRONG_WAY, MOMENTUM, **FIXED, accept_every=3)
    _, states = records(tx, uphill, 7)
    assert [int(n) for n in states.accepted] == [1, 1, 1, 2, 2, 2, 3]


def test_greedy_compares_payoffs_on_one_sample():
    """A shift of the payoff that depends on the sample does not change decisions."""

    def shifted(z, draw):
        return uphill.payoff(z) + 100 * jax.random.normal(draw)

    tx, game = mm.greedy(NOISE, optax.sgd(0.1), **FIXED), game_of(uphill.payoff, y=1.0)
    plain, _ = records(tx, game, 30)
    noisy, states = records(tx, game, 30, payoff_fn=mm.payoff(shifted, stochastic=True))
    chex.assert_trees_all_equal(plain, noisy)
    assert 1 < int(states.accepted[-1]) < 30


def test_greedy_numbers_field_and_payoff_evaluations():
    seen = {"field": [], "payoff": []}

    def field_payoff(z, draw):
        seen["field"].append(int(draw))
        return uphill.payoff(z)

    def payoff_fn(z, draw=0):
        seen["payoff"].append(draw)
        return uphill.payoff(z)

    field_fn, z = mm.zero_sum(field_payoff, stochastic=True), uphill.start
    for stochastic, payoffs in ((True, [4, 4]), (False, [4])):
        seen["field"], seen["payoff"] = [], []
        tx = mm.greedy(
            MOMENTUM, MOMENTUM, max_ascent_steps=3, gradient_tolerance=None, stochastic=stochastic
        )
        tx.update(field_fn(z), tx.init(z), z, field_fn=field_fn, payoff_fn=payoff_fn)
        assert seen == {"field": [0, 1, 2, 3], "payoff": payoffs}


def test_greedy_draws_independent_payoffs():
    """Payoff 1 after the proposal on sample 3, and 2, 1, ½ before it on sample 4.

    Updates 1 and 2 are accepted, update 3 is not. On common samples, no payoff changes.
    """
    before, seen = jnp.asarray([0.0, 2.0, 1.0, 0.5]), []
    for draws, accepted in (("independent", [1, 2, 3, 3]), ("common", [1, 2, 3, 4])):
        tx = mm.greedy(MOMENTUM, MOMENTUM, **FIXED, draws=draws)
        z, counts = uphill.start, []
        state = tx.init(z)
        for i in range(4):

            def payoff_fn(players, draw=0, i=i):
                seen.append(int(draw))
                return jnp.where(jnp.asarray(draw) == 4, before[i], 1.0)

            _, state = tx.update(
                uphill.field_fn(z), state, z, field_fn=uphill.field_fn, payoff_fn=payoff_fn
            )
            counts.append(int(state.accepted))
        assert counts == accepted
    assert seen == [3, 4] * 4 + [3, 3] * 4


def test_greedy_overwrites_payoff_at_every_test():
    """Payoffs 3, 4, 3.5, 3, 3 after the proposals: the second is rejected.

    The third and fourth are lower than the one before, although above or equal to the accepted 3.
    """
    payoffs = jnp.asarray([3.0, 4.0, 3.5, 3.0, 3.0])
    for overwrite, accepted, last in ((True, [1, 1, 2, 3, 4], 3.5), (False, [1, 1, 1, 2, 3], 3.0)):
        tx = mm.greedy(MOMENTUM, MOMENTUM, **FIXED, stochastic=False, overwrite_payoff=overwrite)
        z, counts, values = uphill.start, [], []
        state = tx.init(z)
        for i in range(5):
            _, state = tx.update(
                uphill.field_fn(z),
                state,
                z,
                field_fn=uphill.field_fn,
                payoff_fn=lambda players, draw=0, i=i: payoffs[i],
            )
            counts.append(int(state.accepted))
            values.append(float(state.value))
        assert counts == accepted and values[2] == last


def test_greedy_stored_payoff_decides_like_a_new_one():
    runs = [
        records(mm.greedy(NOISE, optax.sgd(0.1), **FIXED, stochastic=s), uphill, 30)
        for s in (True, False)
    ]
    chex.assert_trees_all_equal(*runs)


def test_greedy_accepts_improvement_of_exactly_delta():
    """x = 3, 2, 1, 0 lowers the payoff by 1 per update. A decrease of δ is enough."""
    line = game_of(lambda z: z.min - 0.0 * z.max, x=4.0)
    for delta, accepted in ((1.0, 4), (1.01, 1)):
        tx = mm.greedy(optax.sgd(1.0), optax.sgd(0.1), **FIXED, min_improvement=delta)
        assert int(records(tx, line, 4)[1].accepted[-1]) == accepted


@pytest.mark.parametrize(
    ("options", "probability"),
    [
        ({"temperature": 10.0}, lambda i: np.exp(-i / 10)),
        (
            {"temperature": lambda i: jnp.where(i < 15, 0.0, 30.0)},
            lambda i: np.where(i < 15, 0, np.exp(-i / 30)),
        ),
        ({"accept_probability": 0.3}, lambda i: 0.3 + 0 * i),
        (
            {"accept_probability": lambda j: 1 / (4 + jnp.exp((0.05 * j.astype(float)) ** 2))},
            lambda i: 1 / (4 + np.exp((i / 20) ** 2)),
        ),
    ],
    ids=["temperature", "schedule", "probability", "published"],
)
def test_greedy_accepts_failures_with_given_probability(options, probability):
    n, runs = 40, 400
    # x increases by 0.01 per acceptance, so all proposals except the first fail the test.
    line = game_of(lambda z: z.min - 0.0 * z.max)
    tx = mm.greedy(optax.sgd(-0.01), optax.sgd(0.1), **FIXED, **options)
    end = seeds(tx, line, n, count=runs).state
    i = np.arange(1, n)
    p = probability(i)
    mean = 1 + p.sum()
    error = np.sqrt((p * (1 - p)).sum() / runs)
    assert abs(float(jnp.mean(end.accepted)) - mean) < 4.5 * error
    assert bool(jnp.all(end.accepted == seeds(tx, line, n, count=runs).state.accepted))


def test_greedy_tolerance_grows_per_acceptance():
    """For f = −½y² with learning rate ½, each step halves y until |y| ≤ ε 2^acceptances."""
    flat = game_of(lambda z: 0.0 * z.min - 0.5 * z.max**2, y=1.0)
    for growth, steps in ((1.0, 10), (4.0, 10)):
        tx = mm.greedy(
            optax.sgd(0.1),
            optax.sgd(0.5),
            max_ascent_steps=50,
            gradient_tolerance=2.0**-10,
            tolerance_growth=growth,
        )
        _, states = records(tx, flat, 1)
        assert int(states.ascent_steps[0]) == steps
        later = tx.init(flat.start)._replace(accepted=jnp.asarray(2))
        _, after = tx.update(
            flat.field_fn(flat.start),
            later,
            flat.start,
            field_fn=flat.field_fn,
            payoff_fn=flat.payoff_fn,
        )
        assert int(after.ascent_steps) == steps - round(2 * np.log2(growth))


def test_greedy_makes_one_decision_on_all_devices():
    """The device with c = −8 alone would accept all ascent steps. The mean of c is 1."""

    def steps(c, axis_name=None):
        def payoff(z):
            return c * z.min**2 - z.max**2

        return mm.solve(
            mm.greedy(NOISE, optax.sgd(0.1), max_ascent_steps=40, gradient_tolerance=1e-3),
            mm.zero_sum(payoff, axis_name=axis_name),
            uphill.start,
            30,
            payoff_fn=mm.payoff(payoff, axis_name=axis_name),
            key=KEY,
        )

    parts = jax.pmap(lambda c: steps(c, "d"), axis_name="d", devices=first_devices(4))(
        jnp.array([-8.0, 1.0, 1.0, 10.0])
    )
    whole = jax.jit(steps)(jnp.asarray(1.0))
    assert 1 < int(whole.state.accepted) < 30
    for device in range(4):
        mine = jax.tree.map(lambda x: x[device], parts)  # noqa: B023
        chex.assert_trees_all_close(mine, whole, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_ascent_steps": 0}, "greedy: max_ascent_steps must be at least 1"),
        ({"gradient_tolerance": -1.0}, "greedy: gradient_tolerance must be at least 0"),
        ({"min_improvement": -1.0}, "greedy: min_improvement must be at least 0"),
        ({"temperature": -1.0}, "greedy: temperature must be at least 0"),
        ({"tolerance_growth": 0.5}, "greedy: tolerance_growth must be at least 1"),
        ({"accept_every": 0}, "greedy: accept_every must be at least 1"),
        ({"max_rejections": -1}, "greedy: max_rejections must be at least 0"),
        ({"accept_probability": 1.5}, "greedy: accept_probability must be between 0 and 1"),
        (
            {"accept_probability": 0.5, "temperature": 1.0},
            "greedy: temperature must be 0 if accept_probability",
        ),
        ({"stochastic": "yes"}, "greedy: stochastic must be True or False"),
        ({"draws": "fresh"}, "greedy: draws must be 'common' or 'independent'"),
        ({"overwrite_payoff": True}, "greedy: stochastic must be False if overwrite_payoff"),
        ({"draws": "independent", "stochastic": False}, "greedy: draws must be 'common' if the"),
        ({"proposal": 3}, "greedy: proposal must be an Optax"),
    ],
)
def test_greedy_names_invalid_arguments(options, message):
    given = {"proposal": optax.sgd(0.1), "ascent": optax.sgd(0.1), **FIXED, **options}
    with pytest.raises((TypeError, ValueError), match=message):
        mm.greedy(**given)
