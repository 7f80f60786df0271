"""The classifier in whose features samples are judged."""

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
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


@pytest.fixture
def short_training(monkeypatch):
    monkeypatch.setattr(trained, "PLAIN", trained.PLAIN._replace(steps=60))


def test_it_is_trained_once_and_then_read_from_the_cache(own_cache, short_training):
    digits, notes = data_lib.load("digits"), []
    first = features.classifier(digits, notes.append)
    assert len(notes) == 2 and "training a classifier of digits" in notes[0]
    second = features.classifier(digits, notes.append)
    assert len(notes) == 2
    for one, other in zip(*(f.extract(digits.test_images) for f in (first, second)), strict=True):
        np.testing.assert_array_equal(one, other)
    assert first.facts == second.facts and first.facts["test_accuracy"] > 0.5


@pytest.mark.slow
def test_other_data_and_damaged_caches_are_trained_anew(own_cache, short_training):
    digits, notes = data_lib.load("digits"), []
    first = features.classifier(digits, notes.append)
    fewer = digits._replace(images=digits.images[:-1], labels=digits.labels[:-1])
    other = features.classifier(fewer, notes.append)
    assert len(notes) == 4 and first.facts["network"] != other.facts["network"]
    for file in cache.cache_folder().glob("*.npz"):
        file.write_bytes(b"no archive")
    features.classifier(digits, notes.append)
    assert len(notes) == 6


def test_bytes_and_floats_of_the_same_images_have_the_same_features(own_cache, short_training):
    digits = data_lib.load("digits")
    classifier = features.classifier(digits)
    floats = digits.test_images.astype(np.float32) / 127.5 - 1
    of_bytes, of_floats = classifier.extract(digits.test_images), classifier.extract(floats)
    np.testing.assert_allclose(of_bytes.features, of_floats.features, atol=1e-4)
    assert of_floats.features.shape == (len(floats), 128)
    assert of_floats.probabilities.shape == (len(floats), 10)
    np.testing.assert_allclose(of_floats.probabilities.sum(axis=1), 1, rtol=1e-5)


def test_data_without_labels_is_refused():
    with pytest.raises(DataError, match="a classifier needs labelled images"):
        features.classifier(data_lib.load("gaussians"))


@pytest.mark.slow
def test_digits_are_told_apart():
    assert features.classifier(data_lib.load("digits")).facts["test_accuracy"] >= 0.97


@needs_mnist
@pytest.mark.slow
def test_mnist_is_told_apart():
    assert features.classifier(data_lib.load(str(MNIST))).facts["test_accuracy"] >= 0.99


@pytest.mark.parametrize("shape", [(64, 48, 3), (9, 7, 3)])
def test_colour_images_of_any_size_go_through_the_residual_network(own_cache, monkeypatch, shape):
    monkeypatch.setattr(trained, "RESIDUAL", trained.RESIDUAL._replace(steps=2, width=4))
    noise = small_data(shape)
    classifier = features.classifier(noise)
    assert classifier.extract(noise.images).features.shape == (64, 128)
