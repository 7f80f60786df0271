"""Tests of the check of greedy equilibria."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import minmax_jax as mm
from experiments.greedy.equilibrium import __main__ as command
from experiments.greedy.equilibrium import config as configs
from experiments.greedy.equilibrium import measure, table
from experiments.greedy.equilibrium import run as runs
from experiments.greedy.equilibrium.config import Config
from experiments.greedy.gaussians import game, training
from minmax_jax import gan

SMALL = game.Sizes(batch=16, latent=4, width=8)
CONFIG = Config(
    methods=("ours", "gda_1"),
    seeds=2,
    steps=3,
    batch=16,
    examples=32,
    tolerance=0.05,
    ascent_rate=1e-2,
    max_ascent_steps=40,
    test_steps=2,
    proposals=3,
    scales=(1.0, 30.0),
)


@pytest.fixture
def small(monkeypatch, tmp_path):
    """Makes networks and parts of a run small."""
    for module in (configs, training, runs):
        monkeypatch.setattr(module, "EVERY", 3)
    monkeypatch.setattr(game, "Sizes", lambda batch: dataclasses.replace(SMALL, batch=batch))
    for cached in (training.program, measure.measurer):
        cached.cache_clear()
    yield dataclasses.replace(CONFIG, runs=str(tmp_path / "runs"))
    for cached in (training.program, measure.measurer):
        cached.cache_clear()


@pytest.fixture
def point():
    """Returns small networks, states of Adam, and the key of their samples."""
    players = game.start(SMALL, jax.random.key(3))
    states = mm.Players(*(optax.adam(1e-3).init(side) for side in players))
    return players, states, jax.random.key(5)


@pytest.mark.slow
def test_measure_agrees_with_one_update_of_greedy(small, point):
    players, states, key = point
    found = measure.measurer(small)(players, states, key)
    weights = jnp.asarray(game.WEIGHTS["equal"])
    fixed = dataclasses.replace(SMALL, batch=small.examples)
    value = game.payoff(fixed, weights, "saturating")
    fixed_key = jax.random.fold_in(key, measure.FIXED)
    payoff_fn = lambda z, draw=0: value(z, fixed_key)  # noqa: E731
    field_fn = mm.zero_sum(payoff_fn)
    np.testing.assert_allclose(found.payoff, payoff_fn(players), rtol=1e-5)
    climbed = measure.climb(
        optax.adam(small.ascent_rate),
        optax.adam(small.ascent_rate).init(players.max),
        _points(players.min, fixed_key, fixed, weights),
        players.max,
        small.max_ascent_steps,
        small.tolerance,
    )[1]
    here = players._replace(max=climbed)
    np.testing.assert_allclose(found.gain, payoff_fn(here) - found.payoff, rtol=1e-4)
    # The first proposal, as one update of `greedy` that accepts everything.
    batch_key = jax.random.fold_in(jax.random.fold_in(key, measure.BATCHES), 0)
    batch = game.payoff(SMALL, weights, "saturating")
    gradient = jax.grad(lambda x: batch(mm.Players(x, climbed), batch_key))(players.min)
    step, _ = optax.adam(small.learning_rates[0], b1=measure.B1).update(gradient, states.min)
    for scale, improvements, reached in zip(
        small.scales, found.improvements, found.reached, strict=True
    ):
        proposal = optax.stateless(lambda *_, s=scale: jax.tree.map(lambda a: s * a, step))
        optimizer = mm.greedy(
            proposal,
            optax.adam(small.ascent_rate),
            max_ascent_steps=small.max_ascent_steps,
            gradient_tolerance=small.tolerance,
            stochastic=False,
            accept_every=1,
        )
        updates, after = optimizer.update(
            field_fn(here), optimizer.init(here), here, field_fn=field_fn, payoff_fn=payoff_fn
        )
        answer = mm.Players(*map(optax.apply_updates, here, updates))
        difference = payoff_fn(here) - payoff_fn(answer)
        np.testing.assert_allclose(improvements[0], difference, rtol=1e-3, atol=1e-5)
        assert bool(reached[0]) == bool(after.settled)


def _points(x, key, sizes, weights):
    real_key, fake_key = jax.random.split(key)
    return mm.Players(
        game.samples(sizes, x, fake_key, sizes.batch), game.real(sizes, weights, real_key)
    )


def test_accept_test_of_training_is_the_one_of_greedy(small, point):
    players, states, key = point
    found = measure.measurer(small)(players, states, key)
    value = game.payoff(SMALL, jnp.asarray(game.WEIGHTS["equal"]), "saturating")
    optimizer = mm.greedy_adam(
        mm.Players(*small.learning_rates), max_ascent_steps=small.test_steps, accept_every=None
    )
    for index in range(small.proposals):
        batch_key = jax.random.fold_in(jax.random.fold_in(key, measure.BATCHES), index)
        payoff_fn = lambda z, draw=0, key=batch_key: value(z, key)  # noqa: E731
        field_fn = mm.zero_sum(payoff_fn)
        # Before its first acceptance, `greedy` accepts every finite payoff.
        state = optimizer.init(players)._replace(accepted=jnp.ones((), jnp.int32))
        _, after = optimizer.update(
            field_fn(players), state, players, field_fn=field_fn, payoff_fn=payoff_fn
        )
        assert bool(found.accepted[index]) == (int(after.accepted) == 2)


@pytest.mark.slow
def test_command_records_resumes_and_redraws(small, tmp_path, monkeypatch, capsys):
    command.main(small, out=tmp_path)
    result = command.record_result(tmp_path / "equilibrium.json", dict, redraw=True)
    assert {m: len(found) for m, found in result["methods"].items()} == {
        "start": 2,
        "ours": 2,
        "gda_1": 2,
    }
    first = result["methods"]["ours"][0]
    assert np.shape(first["improvements"]) == (2, 3) and len(first["accepted"]) == 3
    assert first["gain"] > 0 and 0 < first["ascent_steps"] <= 40
    monkeypatch.setattr(runs, "run_one", None)  # A finished run is not repeated.
    command.main(small, out=tmp_path)
    assert "before training" in capsys.readouterr().out
    with pytest.raises(gan.ConfigError, match=r"another configuration.*\(tolerance: 0.05 -> 0.5\)"):
        runs.run(dataclasses.replace(small, tolerance=0.5))
    assert (tmp_path / "equilibrium.png").stat().st_size > 5_000


def test_omega_leaves_out_unfinished_ascents():
    one = {"improvements": [[0.5, 0.5, 0.0, None]], "reached": [[True, False, True, True]]}
    result = {"config": {"min_improvement": 0.1}}
    assert table.omegas(result, [one], 0) == [0.25]
    assert table.unfinished([one], 0) == [0.25]


@pytest.mark.parametrize(
    "wrong", [{"methods": ("omd",)}, {"mixture": "x"}, {"steps": 150}, {"proposals": 0}]
)
def test_check_raises_for_invalid_values(wrong):
    with pytest.raises(gan.ConfigError, match=next(iter(wrong))):
        Config(**wrong).check()


def test_satisfied_needs_finished_ascents_and_no_improvement():
    config = {"tolerance": 0.02, "min_improvement": 0.01}
    one = {"reached_norm": 0.01, "reached": [[True, True]], "improvements": [[0.005, -1.0]]}
    assert table.satisfied(config, one)
    for change in (
        {"reached_norm": 0.3},
        {"reached": [[True, False]]},
        {"improvements": [[0.02, -1.0]]},
    ):
        assert not table.satisfied(config, one | change)
