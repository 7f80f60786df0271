"""The classifier in whose features samples are judged."""

import numpy as np
import pytest

from minmax_jax.gan import cache, data, features
from tests.gan.paths import MNIST, needs_mnist


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


@pytest.fixture
def short_training(monkeypatch):
    monkeypatch.setattr(features, "MIN_STEPS", 60)


def test_it_is_trained_once_and_then_read_from_the_cache(own_cache, short_training):
    digits, notes = data.load("digits"), []
    first = features.classifier(digits, notes.append)
    assert len(notes) == 2 and "training a classifier of digits" in notes[0]
    second = features.classifier(digits, notes.append)
    assert len(notes) == 2
    np.testing.assert_array_equal(first.embed(digits.test_images), second.embed(digits.test_images))
    assert first.test_accuracy == second.test_accuracy > 0.5


def test_other_data_and_damaged_caches_are_trained_anew(own_cache, short_training):
    digits, notes = data.load("digits"), []
    features.classifier(digits, notes.append)
    features.classifier(digits._replace(images=digits.images[:-1], labels=digits.labels[:-1]),
                        notes.append)  # fmt: skip
    assert len(notes) == 4
    for file in cache.cache_folder().glob("*.npz"):
        file.write_bytes(b"no archive")
    features.classifier(digits, notes.append)
    assert len(notes) == 6


def test_bytes_and_floats_of_the_same_images_have_the_same_features(own_cache, short_training):
    digits = data.load("digits")
    classifier = features.classifier(digits)
    floats = digits.test_images.astype(np.float32) / 127.5 - 1
    np.testing.assert_allclose(
        classifier.embed(digits.test_images), classifier.embed(floats), atol=1e-4
    )
    assert classifier.embed(floats).shape == (len(floats), 128)
    assert classifier.predict(floats).shape == (len(floats),)


def test_data_without_labels_is_refused():
    with pytest.raises(data.DataError, match="a classifier needs labelled images"):
        features.classifier(data.load("gaussians"))


@pytest.mark.slow
def test_digits_are_told_apart():
    assert features.classifier(data.load("digits")).test_accuracy >= 0.97


@needs_mnist
@pytest.mark.slow
def test_mnist_is_told_apart():
    assert features.classifier(data.load(str(MNIST))).test_accuracy >= 0.985
