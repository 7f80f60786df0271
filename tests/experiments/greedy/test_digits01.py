"""Tests of the experiment on zeros and ones."""

import json

import jax
import numpy as np
import pytest

from experiments.greedy.digits01 import __main__ as command
from experiments.greedy.digits01 import game, keras_adam, table
from experiments.greedy.digits01 import run as digits01
from experiments.greedy.digits01.config import Config, decreasing, methods
from minmax_jax import gan


def stripes(random, count):
    """Returns noisy images and labels: 0 is a bright left half, 1 a right half, 2 neither."""
    labels = random.integers(3, size=count).astype(np.int32)
    images = random.integers(0, 40, (count, 28, 28, 1))
    images[labels == 0, :, :14] += 200
    images[labels == 1, :, 14:] += 200
    return images.astype(np.uint8), labels


@pytest.fixture(scope="module")
def data():
    random = np.random.default_rng(0)
    train, test = stripes(random, 600), stripes(random, 200)
    return gan.Data(*train, *test, name="stripes", num_classes=3, kind="image")


def test_classifier_separates_digits_and_rejects_noise(data):
    predict, accuracy = game.train_classifier(data, steps=100)
    assert accuracy > 0.95
    images = game.scale(data.test_images.reshape(200, -1))
    assert np.mean(np.asarray(predict(images)) == data.test_labels) > 0.95
    noise = jax.random.uniform(jax.random.key(0), (100, 784), minval=-1)
    assert np.mean(np.asarray(predict(noise)) == 2) > 0.9


def test_start_has_layers_of_authors():
    z = game.start(game.Sizes(), jax.random.key(0))
    shapes = [[layer["w"].shape for layer in side] for side in z]
    assert shapes[0] == [(100, 256), (256, 512), (512, 1024), (1024, 784)]
    assert shapes[1] == [(784, 1024), (1024, 512), (512, 256), (256, 1)]


def test_forward_drops_30_percent_and_keeps_mean():
    layers = [{"w": np.eye(784, dtype=np.float32), "b": np.zeros(784, np.float32)}] * 2
    out = game.forward(layers, np.ones((50, 784), np.float32), jax.random.key(0))
    assert np.mean(np.asarray(out) == 0) == pytest.approx(0.3, abs=0.01)
    assert np.mean(out) == pytest.approx(1, abs=0.02)


def test_forward_drops_only_the_first_layers():
    layers = [{"w": np.eye(784, dtype=np.float32), "b": np.zeros(784, np.float32)}] * 4
    ones, key = np.ones((20, 784), np.float32), jax.random.key(0)
    kept = [np.mean(np.asarray(game.forward(layers, ones, key, n)) != 0) for n in (0, 1, 2, None)]
    np.testing.assert_allclose(kept, [1, 0.7, 0.49, 0.343], atol=0.02)


@pytest.mark.parametrize("protocol", ["authors", "shared"])
def test_accept_test_has_dropout_only_with_shared_batch(data, protocol):
    config = Config(width=4, batch=8, protocol=protocol)
    images = np.asarray(data.images).reshape(600, -1)
    _, payoff_fn = digits01.oracles(config, jax.numpy.asarray(images))
    z, key = game.start(game.Sizes(4), jax.random.key(0)), jax.random.key(1)
    plain = game.losses(game.Sizes(4, batch=8), training=False).max(z, key, images)
    assert (float(payoff_fn(z, key)) == pytest.approx(-float(plain))) == (protocol == "authors")


@pytest.mark.parametrize("method", ["gda", "ours_published"])
def test_begin_makes_one_discriminator_step_with_its_moments(data, method):
    images = jax.numpy.asarray(np.asarray(data.images).reshape(600, -1))
    key, states = jax.random.key(3), {}
    for protocol in ("authors", "shared"):
        config = Config(width=4, batch=8, protocol=protocol, methods=(method,))
        begin, _ = digits01.program(config, methods(config)[method], images)
        states[protocol] = begin(key)
    (z, state), (start, _) = states["authors"], states["shared"]
    np.testing.assert_array_equal(z.min[0]["w"], start.min[0]["w"])
    moved = np.abs(np.asarray(z.max[-1]["w"] - start.max[-1]["w"]))
    assert 0 < moved.max() <= 2.001e-4  # Adam's first step is at most the learning rate.
    assert int(state.max[0].count) == 1


class SharedAdam:
    """Keras's Adam in NumPy: moments per network, one count of steps for all of them."""

    def __init__(self, learning_rate, b1):
        self.rate, self.b1, self.count, self.moments = learning_rate, b1, 0, {}

    def step(self, name, params, gradient):
        self.count += 1
        m, v = self.moments.get(name, (0.0, 0.0))
        m = self.b1 * m + (1 - self.b1) * gradient
        v = 0.999 * v + 0.001 * gradient**2
        self.moments[name] = m, v
        rate = self.rate * np.sqrt(1 - 0.999**self.count) / (1 - self.b1**self.count)
        return params - rate * m / (np.sqrt(v) + 1e-7)


def test_common_count_gives_the_steps_of_one_shared_optimizer():
    gradients = np.random.default_rng(0).normal(size=(2, 6, 3)) * [1, 1e-3, 1e-6]
    shared, expected = SharedAdam(0.1, 0.5), np.zeros((2, 3))
    adams = keras_adam.both_players(0.1, b1=0.5)
    found = [jax.numpy.zeros(3)] * 2
    states = [adam.init(z) for adam, z in zip(adams, found, strict=True)]
    order = [1, *[0, 1] * 5]  # A step of D before the run, then G and D in turn.
    for place, side in enumerate(order):
        gradient = gradients[side, place // 2]
        # Their D descends half of our loss.
        expected[side] = shared.step(side, expected[side], gradient / (1 + side))
        step, states[side] = adams[side].update(jax.numpy.asarray(gradient), states[side])
        found[side] = found[side] + step
    np.testing.assert_allclose(found, expected, rtol=1e-4)


@pytest.mark.parametrize("method", ["gda", "ours_published"])
def test_common_count_advances_by_two_in_every_update(data, method):
    images = jax.numpy.asarray(np.asarray(data.images).reshape(600, -1))
    config = Config(width=4, batch=8, common_count=True, methods=(method,), steps=50)
    begin, advance = digits01.program(config, methods(config)[method], images)
    key = jax.random.key(3)
    _, state, _ = advance(key, *begin(key), 0)
    assert (int(state.min.count), int(state.max.count)) == (50, 51)


def test_common_count_requires_the_step_of_d_before_the_run():
    with pytest.raises(gan.ConfigError, match="common_count=True requires protocol=authors"):
        methods(Config(common_count=True, protocol="shared"))


def test_decreasing_is_a_fifth_at_first_and_falls():
    found = [float(decreasing(jax.numpy.asarray(i))) for i in (0, 20_000, 200_000)]
    assert found == pytest.approx([0.2, 1 / (4 + np.e), 0.0], abs=1e-6)


def test_methods_refuses_unknown_names():
    for wrong in ({"protocol": "other"}, {"methods": ("sgd",)}):
        with pytest.raises(gan.ConfigError, match=next(iter(wrong))):
            methods(Config(**wrong))


@pytest.mark.slow
def test_command_runs_resumes_and_redraws_all_methods(tmp_path, data, monkeypatch, capsys):
    monkeypatch.setattr(digits01, "EVERY", 3)
    monkeypatch.setattr(gan, "load_data", lambda name: data)
    predict = game.train_classifier(data, steps=20)
    monkeypatch.setattr(game, "train_classifier", lambda data: predict)
    config = Config(runs=str(tmp_path / "runs"), width=4, batch=8, steps=6, seeds=2)
    command.main(config, out=tmp_path)
    result = json.loads((tmp_path / "digits01.json").read_text())
    assert list(result["methods"]) == ["gda", "ours_published", "ours_stated"]
    for found in result["methods"].values():
        assert np.asarray([one["shares"] for one in found]).shape == (2, 2, 3)
        np.testing.assert_allclose(np.sum([one["shares"] for one in found], -1), 1, atol=2e-3)

    monkeypatch.delattr(digits01, "run_one")  # finished runs are not repeated
    command.main(config, out=tmp_path)
    command.main(config, out=tmp_path, redraw=True)
    assert (tmp_path / "digits01.png").stat().st_size > 10_000
    assert "| GDA |" in capsys.readouterr().out


def test_both_requires_ten_percent_of_each_digit():
    found = [{"shares": [[0.1, 0.5, 0.4]]}, {"shares": [[0.09, 0.9, 0.01]]}]
    assert table.both(found, -1) == 1
