"""Tests of Adam with replaced update norms."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import minmax_jax as mm
from experiments.dissecting.gan_runs import training
from experiments.dissecting.magnitude import __main__ as command
from experiments.dissecting.magnitude import config as magnitude_config
from experiments.dissecting.magnitude import figure, rules
from experiments.dissecting.magnitude.config import Config
from experiments.dissecting.magnitude.run import movement


def test_follow_lengths_interpolates_between_knots():
    tx = rules.follow_lengths(jnp.array([[1.0, 3.0], [2.0, 2.0]]), num_steps=5)
    tree = {"a": jnp.array([3.0, 4.0]), "b": jnp.array([[-7.0]])}
    state, found = tx.init(tree), []
    for _ in range(7):
        updates, state = tx.update(tree, state)
        found.append([float(jnp.linalg.norm(updates["a"])), float(updates["b"][0, 0])])
    lengths = np.array([1, 1.5, 2, 2.5, 3, 3, 3])
    np.testing.assert_allclose(found, np.stack([lengths, np.full(7, -2.0)], 1), rtol=1e-6)


def test_smooth_lengths_gives_running_mean_and_keeps_zero():
    tx = rules.smooth_lengths(0.5)
    tree = {"a": jnp.array([3.0, 4.0]), "b": jnp.zeros(2)}
    updates, state = tx.update(tree, tx.init(tree))
    np.testing.assert_allclose(updates["a"], [3, 4], rtol=1e-6)
    np.testing.assert_array_equal(updates["b"], 0)
    updates, state = tx.update({"a": jnp.array([0.0, 2.0]), "b": jnp.ones(2)}, state)
    # (0.25 · 5 + 0.5 · 2) / 0.75
    np.testing.assert_allclose(updates["a"], [0, 3], rtol=1e-6)


def test_fit_knots_recovers_piecewise_linear_schedule():
    knots = np.array([[1.0, 3.0, 2.0], [0.5, 0.5, 4.0]])
    at = np.linspace(0, 2, 41)
    lengths = np.stack([np.interp(at, np.arange(3), row) for row in knots], axis=1)
    np.testing.assert_allclose(rules.fit_knots(lengths, 3), knots, rtol=1e-6)


def test_optimizers_have_their_norm_and_direction():
    z = mm.Players({"w": jnp.array([1.0, 2.0, -2.0])}, {"w": jnp.array([0.5, -4.0])})
    knots = mm.Players(np.array([[6.0, 8.0]]), np.array([[3.0, 3.0]]))
    recorders, learning_rates = mm.Players(optax.identity(), optax.identity()), mm.Players(0.1, 0.2)
    found = {}
    for name, build in rules.optimizers(0.5, 0.999, 2, knots).items():
        tx = build(learning_rates, recorders)
        found[name], state = tx.update(z, tx.init(z), z)
        lengths = rules.read_lengths(state)  # Adam's first step is the sign.
        np.testing.assert_allclose(lengths["lengths_min"], [3**0.5], rtol=1e-5)
        np.testing.assert_allclose(lengths["lengths_max"], [2**0.5], rtol=1e-5)
    sign, unit = -jnp.sign(z.min["w"]), -z.min["w"] / 3
    for name, expected in {
        "own-adam": 0.1 * sign,
        "running-adam": 0.1 * sign,
        "mean-adam": 0.7 * sign / 3**0.5,
        "schedule-adam": 0.6 * sign / 3**0.5,
        "own-sgd": 0.1 * 3**0.5 * unit,
        "running-sgd": 0.1 * 3**0.5 * unit,
        "mean-sgd": 0.7 * unit,
        "schedule-sgd": 0.6 * unit,
    }.items():
        np.testing.assert_allclose(found[name].min["w"], expected, rtol=1e-5)
    own = mm.adam_gda(learning_rates, b1=0.5)
    expected = own.update(z, own.init(z), z)[0]
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-6), found["own-adam"], expected
    )


def test_movement_of_constant_and_linear_norms():
    flat, line = np.full(100, 2.0), np.linspace(1, 3, 100)
    still, moved = movement(np.stack([flat, line], 1))
    assert still == {"mean": 2, "deviation": 0, "low": 1, "high": 1, "last_to_first": 1}
    kept = line[5:]
    assert moved["last_to_first"] == pytest.approx(kept[-19:].mean() / kept[:19].mean())


@pytest.mark.slow
def test_command_runs_resumes_and_redraws(tmp_path, monkeypatch, capsys):
    config = Config(
        data="digits",
        network="mlp",
        extractor="pixels",
        runs=str(tmp_path / "runs"),
        width=2,
        latent_dim=4,
        batch_size=8,
        steps=20,
        log_every=2,
        seeds=2,
        knots=2,
        evaluate=40,
        rates=(1e-3, 1e-3),
    )
    monkeypatch.setattr(rules, "MAGNITUDES", ("own", "mean"))  # half of the programs
    command.main(config, out=tmp_path)
    result = json.loads((tmp_path / "magnitude.json").read_text())
    assert list(result["distances"]) == ["own-adam", "mean-adam", "own-sgd", "mean-sgd"]
    assert all(len(values) == 2 for values in result["distances"].values())
    assert np.array(result["curves"][0]).shape == (10, len(result["layers"][0]))
    lines = [
        json.loads(line)
        for line in (tmp_path / "runs" / "first1000-knots2" / "mean-sgd-s0" / "metrics.jsonl")
        .read_text()
        .splitlines()
    ]
    expected = 1e-3 * np.linalg.norm(np.mean(result["knots"][0], axis=1))
    for line in lines:  # mean norm of the first run, times the learning rate
        np.testing.assert_allclose(line["update_norm_min"], expected, rtol=1e-4)
    monkeypatch.setattr(training.Trainer, "train", pytest.fail)
    command.main(config, out=tmp_path)
    assert json.loads((tmp_path / "magnitude.json").read_text()) == result
    capsys.readouterr()
    command.main(Config(), redraw=True, out=tmp_path)
    assert "| generator | body/first/kernel |" in capsys.readouterr().out
    assert (tmp_path / "magnitude.png").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("change", "text"),
    [({}, "rates: images has chosen none"), ({"knots": 1}, "knots=1"), ({"seeds": 0}, "seeds=0")],
)
def test_command_fails_with_one_line_for_invalid_values(
    tmp_path, capsys, monkeypatch, change, text
):
    monkeypatch.setattr(magnitude_config, "IMAGES", tmp_path)
    with pytest.raises(SystemExit) as error:
        command.main(Config(**change), out=tmp_path)
    assert error.value.code == 2 and text in capsys.readouterr().err


def test_figure_highlights_largest_kernel_and_single_number():
    sizes = {"a/bias": 1, "a/kernel": 20, "b/kernel": 30, "c/scale": 99}
    layers = [{"name": name, "size": size} for name, size in sizes.items()]
    assert figure.highlighted(layers) == ["b/kernel", "a/bias"]
    assert figure.highlighted(layers[3:]) == ["c/scale"]
