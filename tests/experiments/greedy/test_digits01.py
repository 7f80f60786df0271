"""Tests of the experiment on zeros and ones."""

import json

import jax
import numpy as np
import pytest

from experiments.greedy.digits01 import __main__ as command
from experiments.greedy.digits01 import game, table
from experiments.greedy.digits01 import run as digits01
from experiments.greedy.digits01.config import Config
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
