"""Tests of the classifier extractor."""

import numpy as np
import pytest

from minmax_jax.gan import data as data_lib
from minmax_jax.gan.base import cache
from minmax_jax.gan.base.errors import DataError
from minmax_jax.gan.evaluation import features
from minmax_jax.gan.evaluation.features import trained
from tests.gan.conftest import small_data
from tests.gan.paths import MNIST, needs_mnist


@pytest.fixture
def separate_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


@pytest.fixture
def short_training(monkeypatch):
    monkeypatch.setattr(trained, "BATCH", 16)
    monkeypatch.setattr(trained, "PLAIN", trained.PLAIN._replace(steps=5, width=4))


def test_classifier_is_trained_once_and_then_cached(separate_cache, short_training):
    data, notes = small_data((8, 8, 1)), []
    first = features.classifier(data, notes.append)
    assert len(notes) == 2 and "training a classifier on noise" in notes[0]
    second = features.classifier(data, notes.append)
    assert len(notes) == 2 and first.facts == second.facts
    for one, other in zip(*(f.extract(data.images) for f in (first, second)), strict=True):
        np.testing.assert_array_equal(one, other)
    # Features of floats agree with features of the uint8 images that they equal.
    floats = first.extract(data.images.astype(np.float32) / 127.5 - 1)
    np.testing.assert_allclose(first.extract(data.images).features, floats.features, atol=1e-4)
    assert floats.features.shape == (64, 128) and floats.probabilities.shape == (64, 4)
    np.testing.assert_allclose(floats.probabilities.sum(axis=1), 1, rtol=1e-5)


@pytest.mark.slow
def test_classifier_is_retrained_for_other_data_or_corrupt_cache(separate_cache, short_training):
    digits, notes = small_data((8, 8, 1)), []
    first = features.classifier(digits, notes.append)
    fewer = digits._replace(images=digits.images[:-1], labels=digits.labels[:-1])
    other = features.classifier(fewer, notes.append)
    assert len(notes) == 4 and first.facts["network"] != other.facts["network"]
    for file in cache.cache_folder().glob("*.npz"):
        file.write_bytes(b"no archive")
    features.classifier(digits, notes.append)
    assert len(notes) == 6


def test_classifier_does_not_depend_on_row_order(tmp_path, monkeypatch, short_training):
    data, rows = small_data((8, 8, 1)), np.random.RandomState(0).permutation(64)
    shuffled = data._replace(images=data.images[rows], labels=data.labels[rows])
    networks = []
    for name, examples in (("a", data), ("b", shuffled)):  # Each trains its own classifier.
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / name))
        notes = []
        networks.append(features.classifier(examples, notes.append).facts["network"])
        assert len(notes) == 2
    assert networks[0] == networks[1]
    features.classifier(data, pytest.fail)  # It finds the classifier of the shuffled data.


def test_classifier_has_no_accuracy_without_held_out_images(separate_cache, short_training):
    data = small_data((8, 8, 1))
    data = data._replace(test_images=data.images[:0], test_labels=data.labels[:0])
    facts = features.classifier(data).facts
    assert set(facts) == {"network"}
    assert features.describe("classifier", facts) == f"classifier {facts['network']}"


def test_classifier_rejects_data_without_labeled_images():
    with pytest.raises(DataError, match="a classifier needs labeled images"):
        features.classifier(data_lib.load("gaussians"))


@pytest.mark.slow
def test_classifier_of_digits_is_accurate():
    assert features.classifier(data_lib.load("digits")).facts["test_accuracy"] >= 0.97


@needs_mnist
@pytest.mark.slow
def test_classifier_of_mnist_is_accurate():
    assert features.classifier(data_lib.load(str(MNIST))).facts["test_accuracy"] >= 0.99


@pytest.mark.parametrize("shape", [(64, 48, 3), (9, 7, 3)])
def test_residual_network_accepts_color_images_of_any_size(separate_cache, monkeypatch, shape):
    monkeypatch.setattr(trained, "RESIDUAL", trained.RESIDUAL._replace(steps=2, width=4))
    noise = small_data(shape)
    classifier = features.classifier(noise)
    assert classifier.extract(noise.images).features.shape == (64, 128)
