"""Tests of built-in datasets, the cache, and batches."""

import jax
import numpy as np
import pytest
from sklearn.datasets import load_digits

from minmax_jax.gan import data as data_lib
from minmax_jax.gan.base import cache
from minmax_jax.gan.data import builtin_sets
from tests.gan.data.image_files import write_classes
from tests.gan.paths import MNIST, needs_mnist


@pytest.mark.parametrize("installed", [True, False])
def test_digits_are_those_of_scikit_learn(monkeypatch, installed):
    if not installed:  # Then the file is not where it is expected.
        monkeypatch.setattr(builtin_sets.importlib.util, "find_spec", lambda name: None)
    values, loaded = builtin_sets._read_digits(), load_digits()
    np.testing.assert_array_equal(values[:, :-1], loaded.data)
    np.testing.assert_array_equal(values[:, -1], loaded.target)


def test_digits_are_loaded_with_every_fifth_held_out():
    digits = data_lib.load("digits")
    assert digits.images.shape[1:] == (8, 8, 1) and digits.images.dtype == np.uint8
    assert len(digits.images) + len(digits.test_images) == 1797
    assert set(digits.labels) == set(digits.test_labels) == set(range(10))
    assert digits.images.max() == 255


def test_gaussians_have_equal_modes_on_a_circle():
    ring = data_lib.load("gaussians")
    assert ring.kind == "vector" and ring.images.dtype == np.float32
    centres = ring.modes.centers[ring.labels]
    np.testing.assert_allclose(np.std(ring.images - centres), ring.modes.std, rtol=0.02)
    np.testing.assert_allclose(np.linalg.norm(ring.modes.centers, axis=1), 2.0)
    np.testing.assert_allclose(np.bincount(ring.labels) / len(ring.labels), 1 / 8, atol=0.01)


def test_load_replaces_a_corrupt_cache(tmp_path):
    root = write_classes(tmp_path / "set")
    read = data_lib.load(str(root))
    files = list(cache.cache_folder().glob("*.npz"))
    assert files
    for file in files:
        file.write_bytes(file.read_bytes()[:50])
    np.testing.assert_array_equal(data_lib.load(str(root)).images, read.images)


def test_load_works_without_a_writable_cache(tmp_path, monkeypatch):
    root = write_classes(tmp_path / "set")
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))
    assert len(data_lib.load(str(root)).images) == 14


def test_batch_depends_only_on_key_and_global_index():
    images = data_lib.load("digits").images
    key = jax.random.key(3)
    whole = data_lib.batch(images, key, np.arange(8))
    parts = [data_lib.batch(images, key, np.arange(i, i + 2)) for i in range(0, 8, 2)]
    np.testing.assert_array_equal(whole, np.concatenate(parts))
    assert whole.dtype == np.float32 and whole.min() == -1.0 and whole.max() == 1.0
    other = data_lib.batch(images, jax.random.key(4), np.arange(8))
    assert (np.asarray(whole) != np.asarray(other)).any()
    latents = data_lib.latents(key, np.arange(8), 5)
    np.testing.assert_array_equal(latents[6:], data_lib.latents(key, np.arange(6, 8), 5))
    assert len(np.unique(latents)) == 40


def test_batch_draws_examples_with_equal_probability():
    images = np.arange(10, dtype=np.float32)[:, None]
    drawn = data_lib.batch(images, jax.random.key(0), np.arange(10_000))
    counts = np.bincount(np.asarray(drawn)[:, 0].astype(int), minlength=10)
    np.testing.assert_allclose(counts / 1000, 1.0, atol=0.12)  # four standard deviations


@needs_mnist
@pytest.mark.slow
def test_mnist_matches_the_official_files():
    mnist = data_lib.load(str(MNIST))
    assert mnist.images.shape == (60_000, 28, 28, 1) and mnist.test_images.shape[0] == 10_000
    assert list(mnist.labels[:5]) == [5, 0, 4, 1, 9] and mnist.num_classes == 10
