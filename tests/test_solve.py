"""Whole runs in one scan."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import minmax_jax as mm

field_fn = mm.zero_sum(lambda z: z.min**2 + z.min * z.max - z.max**2)
START = mm.Players(1.0, 1.0)


def test_solve_equals_a_python_loop():
    optimizer = mm.adam_gda(0.1)
    z = mm.Players(jnp.array(1.0), jnp.array(1.0))
    state = optimizer.init(z)
    for _ in range(5):
        updates, state = optimizer.update(field_fn(z), state, z, field_fn=field_fn)
        z = optax.apply_updates(z, updates)
    result = mm.solve(optimizer, field_fn, START, 5)
    chex.assert_trees_all_close((result.players, result.state), (z, state), rtol=1e-5)


def test_solve_sgda_squared_norm_grows_at_closed_form_rate():
    result = mm.solve(
        mm.sgda(0.5),
        mm.zero_sum(lambda z: z.min * z.max),
        START,
        10,
        record=lambda step, z, u, s: z.min**2 + z.max**2,
    )
    np.testing.assert_allclose(result.records, 2.0 * 1.25 ** np.arange(1, 11), rtol=1e-5)


def test_solve_records_after_each_update():
    result = mm.solve(mm.sgda(0.1), field_fn, START, 4, record=lambda step, z, u, s: (step, z, u))
    steps, players, updates = result.records
    np.testing.assert_array_equal(steps, np.arange(4))
    chex.assert_trees_all_equal(jax.tree.map(lambda x: x[-1], players), result.players)
    np.testing.assert_allclose(START.min + np.cumsum(updates.min), players.min, rtol=1e-6)


def test_solve_passes_key_of_step_and_sample_index():
    def payoff(z, key):
        return z.min * jax.random.normal(key) + 0.0 * z.max

    key = jax.random.key(5)
    tx = mm.alternate(min=optax.sgd(1.0), max=optax.sgd(1.0))
    result = mm.solve(
        tx,
        mm.zero_sum(payoff, stochastic=True),
        START,
        3,
        key=key,
        record=lambda step, z, u, s: u.min,
    )
    fold = jax.random.fold_in
    expected = [-jax.random.normal(fold(fold(key, step), 1)) for step in range(3)]
    np.testing.assert_allclose(result.records, expected, rtol=1e-6)


def test_solve_passes_optional_arguments_only_if_given():
    seen = []

    def update(updates, state, params=None, **extra):
        seen.append(set(extra))
        return updates, state

    tx = optax.GradientTransformationExtraArgs(lambda params: (), update)
    mm.solve(tx, field_fn, START, 1)
    mm.solve(tx, field_fn, START, 1, key=jax.random.key(0), payoff_fn=lambda z, draw=0: z.min)
    assert seen == [{"field_fn"}, {"field_fn", "payoff_fn", "key"}]


def test_solve_runs_optax_optimizers():
    result = mm.solve(optax.sgd(0.1), field_fn, START, 200)
    chex.assert_trees_all_close(result.players, mm.Players(0.0, 0.0), atol=1e-5)


def test_solve_zero_steps_returns_the_start():
    chex.assert_trees_all_equal(
        mm.solve(mm.sgda(0.1), field_fn, START, 0).players, jax.tree.map(jnp.asarray, START)
    )


def test_solve_vmaps_over_seeds_and_learning_rates():
    def final(key, learning_rate):
        start = mm.Players(*jax.random.normal(key, (2,)))
        return mm.solve(mm.nsgda(learning_rate), field_fn, start, 3).players

    keys, learning_rates = jax.random.split(jax.random.key(0), 20), jnp.linspace(0.01, 0.1, 10)
    sweep = jax.jit(jax.vmap(jax.vmap(final, (None, 0)), (0, None)))
    players = sweep(keys, learning_rates)
    assert players.min.shape == (20, 10)
    chex.assert_trees_all_close(
        jax.tree.map(lambda x: x[7, 3], players), final(keys[7], learning_rates[3]), rtol=1e-5
    )


def _stop(tolerance, x=1.0, num_steps=50, **options):
    """Runs descent–ascent until |F| = √2 · 0.9^k x is small enough."""
    game = mm.zero_sum(lambda z: 0.5 * (z.min**2 - z.max**2))
    record = lambda step, z, u, s: z.min  # noqa: E731
    start = mm.Players(x, x)
    optimizer = mm.sgda(0.1)
    return mm.solve(
        optimizer, game, start, num_steps, tolerance=tolerance, record=record, **options
    )


def test_solve_stops_at_tolerance_of_each_run():
    starts = jnp.array([1.0, 4.0, 1e9, jnp.nan, 0.0])
    result = jax.jit(jax.vmap(lambda x: _stop(0.1, x)))(starts)
    expected = [np.ceil(np.log(0.1 / (np.sqrt(2) * x)) / np.log(0.9)) for x in (1, 4)]
    np.testing.assert_array_equal(result.steps, [*expected, 50, 0, 0])
    np.testing.assert_array_equal(result.converged, [True, True, False, False, True])
    powers = 0.9 ** np.arange(1, 51)
    for row, steps in enumerate(result.steps[:3]):
        np.testing.assert_allclose(
            result.records[row], np.where(np.arange(50) < steps, starts[row] * powers, 0), rtol=1e-5
        )
        if steps:
            assert result.players.min[row] == result.records[row, steps - 1]


def test_solve_stops_at_a_residual_of_the_players():
    result = _stop(0.5, residual=lambda z, field: jnp.abs(z.max) + 0 * field.min)
    assert (int(result.steps), bool(result.converged)) == (7, True)  # 0.9⁷ = 0.478
    assert mm.solve(mm.sgda(0.1), field_fn, START, 1).steps is None


def test_solve_with_tolerance_draws_the_same_samples():
    def payoff(z, key):
        return z.min * z.max + jax.random.normal(key) * (z.min + z.max)

    def run(**options):
        game = mm.zero_sum(payoff, stochastic=True)
        return mm.solve(mm.extragradient(0.1), game, START, 4, key=jax.random.key(1), **options)

    chex.assert_trees_all_close(run().players, run(tolerance=0.0).players, rtol=1e-6)


@pytest.mark.parametrize("combine", [mm.per_player, mm.alternate])
def test_solve_passes_each_player_its_value(combine):
    # A Polyak step on x²/2 halves x.
    optimizer = combine(min=optax.polyak_sgd(1.0), max=optax.polyak_sgd(1.0))

    def value(z, draw=0):
        return mm.Players(0.5 * z.min**2, 0.5 * z.max**2)

    game = mm.zero_sum(lambda z: 0.5 * (z.min**2 - z.max**2))
    run = jax.jit(lambda z: mm.solve(optimizer, game, z, 5, value=value).players)
    chex.assert_trees_all_close(run(mm.Players(1.0, 3.0)), mm.Players(2**-5, 3 * 2**-5))


@pytest.mark.parametrize("combine", [mm.per_player, mm.alternate])
def test_solve_line_search_of_a_player_equals_optax(combine):
    search = optax.chain(
        optax.sgd(1.0), optax.scale_by_backtracking_linesearch(max_backtracking_steps=10)
    )

    def loss(x):
        return jnp.sum(jnp.array([1.0, 30.0]) * x**2)

    def value(z, draw=0):
        return mm.Players(loss(z.min), loss(z.max))

    x = jnp.array([1.0, -0.5])
    game = mm.zero_sum(lambda z: loss(z.min) - loss(z.max))
    optimizer = combine(min=search, max=search)
    run = jax.jit(lambda x: mm.solve(optimizer, game, mm.Players(x, -x), 3, value=value).players)
    found, state = run(x), search.init(x)
    for _ in range(3):
        both = jax.value_and_grad(loss)(x)
        updates, state = search.update(
            both[1], state, x, value=both[0], grad=both[1], value_fn=loss
        )
        x = optax.apply_updates(x, updates)
    chex.assert_trees_all_close(found, mm.Players(x, -x), rtol=1e-5)


def test_solve_line_search_may_search_along_both_players():
    search = optax.scale_by_backtracking_linesearch(10, decrease_factor=0.5)
    game = mm.zero_sum(lambda z: z.min**2 - z.max**2)
    value = lambda z, draw=0: z.min**2 + z.max**2  # noqa: E731
    tx = optax.chain(mm.sgda(1.0), search)  # The step −F passes the solution; half of it is exact.
    run = jax.jit(lambda z: mm.solve(tx, game, z, 1, value=value).players)
    chex.assert_trees_all_equal(run(START), mm.Players(0.0, 0.0))


def test_solve_passes_value_to_plateau_rules():
    plateau = optax.contrib.reduce_on_plateau(factor=0.5, patience=1)
    optimizer = optax.chain(mm.sgda(0.5), plateau)
    game = mm.zero_sum(lambda z: z.min * z.max)
    value = mm.payoff(lambda z: z.min**2 + z.max**2)  # It grows, so the steps shrink.
    record = lambda step, z, u, s: s[1].scale  # noqa: E731
    scales = mm.solve(optimizer, game, START, 5, value=value, record=record).records
    np.testing.assert_allclose(scales, [1.0, 0.5, 0.25, 0.125, 0.0625])


def _with_aux(builder):
    return builder(lambda z: (z.min * z.max, 1.0), has_aux=True)


def test_solve_accepts_numpy_ints_as_num_steps():
    players = mm.solve(mm.sgda(0.1), field_fn, START, np.int64(2)).players
    chex.assert_trees_all_equal(players, mm.solve(mm.sgda(0.1), field_fn, START, 2).players)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: mm.solve(0.1, field_fn, START, 3),
            TypeError,
            r"^solve: optimizer must be .* got 0.1",
        ),
        (
            lambda: mm.solve(mm.sgda(0.1), field_fn, (1.0, 1.0), 3),
            TypeError,
            r"^solve: players must be Players",
        ),
        (
            lambda: mm.solve(mm.sgda(0.1), field_fn, START, 2.0),
            TypeError,
            r"^solve: num_steps must be a Python int .*, got 2.0",
        ),
        (
            lambda: mm.solve(mm.sgda(0.1), field_fn, START, -1),
            ValueError,
            r"^solve: num_steps must be at least 0, got -1",
        ),
        (
            lambda: mm.solve(mm.sgda(0.1), "f", START, 1),
            TypeError,
            r"^solve: field_fn must be callable",
        ),
        (
            lambda: mm.solve(mm.sgda(0.1), mm.games.bilinear([[1.0]]), START, 1),
            TypeError,
            r"^solve: field_fn must be callable, got Game.*\. Pass its attribute field_fn\.$",
        ),
        (
            lambda: mm.solve(mm.sgda(0.1), field_fn, mm.Players(1, 1.0), 1),
            TypeError,
            r"^solve: players.min has dtype int32",
        ),
        (
            lambda: mm.solve(mm.sgda, field_fn, START, 1),
            TypeError,
            r"^solve: optimizer must be .* got <function sgda .*\. Call it first",
        ),
        (
            lambda: mm.solve("sgda", field_fn, START, 1),
            TypeError,
            r"^solve: optimizer must be .* got 'sgda'\. Look it up and call it: mm\.optimizers",
        ),
        (
            lambda: mm.solve(optax.MultiSteps(mm.sgda(0.1), 2), field_fn, START, 1),
            TypeError,
            r"^solve: optimizer must be .*\. Pass optax\.GradientTransformationExtraArgs\(steps\.",
        ),
        (
            lambda: mm.solve(mm.sgda(0.1), lambda z: z, START, 1),
            TypeError,
            r"^solve: field_fn must take \(players, draw\), got .* Add the argument draw=0, or",
        ),
        (
            lambda: mm.solve(mm.sgda(0.1), mm.payoff(lambda z: z.min), START, 1),
            TypeError,
            r"^solve: field_fn must return Players\(.* got shape \(\) .* Pass mm\.zero_sum\(payoff",
        ),
        (
            lambda: mm.solve(mm.sgda(0.1), _with_aux(mm.zero_sum), START, 1),
            TypeError,
            r"^solve: field_fn must not have auxiliary outputs, got .* and has_aux=False\.",
        ),
        (
            lambda: mm.solve(mm.sgda(0.1), lambda z, draw: (z, 1.0), START, 1),
            TypeError,
            r"^solve: field_fn must return Players\(.* got a tuple of .* Leave out its auxiliary",
        ),
        (
            lambda: mm.solve(mm.sgda(0.1), field_fn, START, 1, payoff_fn=_with_aux(mm.payoff)),
            TypeError,
            r"^solve: payoff_fn must not have auxiliary outputs",
        ),
        (
            lambda: mm.solve(mm.sgda(0.1), field_fn, START, 1, min_loss_fn=lambda z: z.min),
            TypeError,
            r"^solve: min_loss_fn must take \(players, draw\)",
        ),
        (
            lambda: mm.solve(mm.greedy_adam(0.1), field_fn, START, 1, payoff_fn=field_fn),
            TypeError,
            r"^solve: payoff_fn must return a real scalar, got Players\. Pass mm\.payoff\(payoff\)",
        ),
        (
            lambda: mm.solve(mm.sgda(0.1), field_fn, START, 1, key=0),
            TypeError,
            r"^solve: key must be one PRNG key, got 0\. Pass jax\.random\.key\(seed\)",
        ),
        (
            lambda: mm.solve(mm.sgda(0.1), field_fn, START, 1, record=lambda z: z),
            TypeError,
            r"^solve: record must take \(step, players, updates, state\), got",
        ),
        (
            lambda: mm.solve(mm.sgda(0.1), field_fn, START, 1, tolerance=-1.0),
            ValueError,
            r"^solve: tolerance must be at least 0, got -1.0",
        ),
        (
            lambda: mm.solve(mm.sgda(0.1), field_fn, START, 1, residual=lambda z, f: 0.0),
            ValueError,
            r"^solve: residual must be None without tolerance, got",
        ),
        (
            lambda: mm.solve(mm.sgda(0.1), field_fn, START, 1, tolerance=1.0, residual=abs),
            TypeError,
            r"^solve: residual must take \(players, field\), got",
        ),
        (
            lambda: mm.solve(mm.sgda(0.1), field_fn, START, 1, value=lambda z: z.min),
            TypeError,
            r"^solve: value must take \(players, draw\), got",
        ),
        (
            lambda: mm.solve(mm.sgda(0.1), field_fn, START, 1, value=lambda z, draw: (1.0, 2.0)),
            TypeError,
            r"^solve: value must return a real scalar, got a tuple",
        ),
    ],
)
def test_solve_names_invalid_arguments(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize(
    "rule", [optax.polyak_sgd(), optax.lbfgs(), optax.contrib.reduce_on_plateau()]
)
def test_solve_asks_for_value_of_rules_that_need_it(rule):
    tx = mm.per_player(min=rule, max=optax.sgd(0.1))
    with pytest.raises(TypeError, match=r"^solve: value must be a function of \(players, draw\)"):
        mm.solve(tx, field_fn, START, 1)
    bad = lambda *args, **extra: len(None)  # noqa: E731
    tx = optax.GradientTransformationExtraArgs(lambda params: None, bad)
    with pytest.raises(TypeError, match="object of type 'NoneType'"):  # Other errors stay.
        mm.solve(tx, field_fn, START, 1)


@pytest.mark.parametrize("found", ["a", {"loss": (1.0, jnp.tanh)}])
def test_solve_names_results_of_record_that_are_no_arrays(found):
    with pytest.raises(TypeError, match=r"^solve: the result of record.* must be an array"):
        mm.solve(mm.sgda(0.1), field_fn, START, 2, record=lambda *_: found)


def test_solve_records_numbers_and_keys():
    record = lambda step, *_: (1, 2.0, True, jax.random.key(step), None)  # noqa: E731
    found = mm.solve(mm.sgda(0.1), field_fn, START, 2, record=record).records
    assert found[0].tolist() == [1, 1] and found[3].shape == (2,)


def test_solve_without_steps_returns_the_start_and_empty_records():
    field_fn = mm.zero_sum(lambda z: z.min**2 + z.min * z.max - z.max**2)
    for tolerance, converged in ((None, None), (1e-3, False), (10.0, True)):
        options = {} if tolerance is None else {"tolerance": tolerance}
        result = mm.solve(
            mm.sgda(0.1), field_fn, mm.Players(1.0, 1.0), 0, record=lambda i, z, u, s: z, **options
        )
        assert result.players == mm.Players(1.0, 1.0) and result.records.min.shape == (0,)
        if tolerance is not None:
            assert result.steps == 0 and result.converged == converged
