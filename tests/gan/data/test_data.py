"""Tests of built-in datasets, image datasets from folders, and batches."""

import jax
import numpy as np
import pytest
from PIL import Image

from minmax_jax.gan import data as data_lib
from minmax_jax.gan.base import cache
from minmax_jax.gan.base.errors import DataError
from tests.gan.paths import MNIST, needs_mnist


@pytest.fixture(autouse=True)
def separate_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))


def write_image(path, mode="L", size=(6, 4), seed=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    channels = {"L": (), "RGB": (3,), "RGBA": (4,), "CMYK": (4,)}[mode]
    pixels = np.random.default_rng(seed).integers(256, size=(size[1], size[0], *channels))
    Image.fromarray(pixels.astype(np.uint8), mode=None).convert(mode).save(path)
    return pixels.astype(np.uint8)


def folder_of(tmp_path, mode="L", suffix="png"):
    """Writes two classes of three images each, as a folder of folders."""
    root = tmp_path / "set"
    for index in range(6):
        write_image(root / "train" / "ab"[index % 2] / f"{index}.{suffix}", mode, seed=index)
        write_image(root / "test" / "ab"[index % 2] / f"{index}.{suffix}", mode, seed=10 + index)
    return root


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


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_load_reads_a_folder_of_images_with_labels(tmp_path, mode):
    root = folder_of(tmp_path, mode)
    read = data_lib.load(str(root))
    assert read.images.shape == (6, 4, 6, 1 if mode == "L" else 3)
    assert read.num_classes == 2 and sorted(read.labels) == [0, 0, 0, 1, 1, 1]
    first = np.asarray(Image.open(root / "train" / "a" / "0.png")).reshape(read.images[0].shape)
    assert any((image == first).all() for image in read.images)
    again = data_lib.load(str(root))  # from the cache
    np.testing.assert_array_equal(again.images, read.images)
    np.testing.assert_array_equal(again.labels, read.labels)


def test_load_replaces_a_corrupt_cache(tmp_path):
    root = folder_of(tmp_path)
    read = data_lib.load(str(root))
    files = list(cache.cache_folder().glob("*.npz"))
    assert files
    for file in files:
        file.write_bytes(file.read_bytes()[:50])
    np.testing.assert_array_equal(data_lib.load(str(root)).images, read.images)


def test_load_works_without_a_writable_cache(tmp_path, monkeypatch):
    root = folder_of(tmp_path)
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))
    assert len(data_lib.load(str(root)).images) == 6


def test_load_holds_out_the_last_tenth_without_test_split(tmp_path):
    root = tmp_path / "flat"
    for index in range(20):
        write_image(root / f"{index:02}.png", seed=index)
    read = data_lib.load(str(root))
    assert (len(read.images), len(read.test_images), read.labels) == (18, 2, None)


def test_load_rejects_images_of_different_sizes(tmp_path):
    root = folder_of(tmp_path)
    write_image(root / "train" / "a" / "9.png", size=(8, 8))
    with pytest.raises(DataError, match=r"image 0 is .*, image \d is \(8, 8, 1\).*one size"):
        data_lib.load(str(root))


def test_load_rejects_cmyk_images(tmp_path):
    root = folder_of(tmp_path, suffix="jpg")
    write_image(root / "train" / "a" / "9.jpg", "CMYK")
    with pytest.raises(DataError, match=r"mode CMYK\. Convert it to 8-bit gray or RGB"):
        data_lib.load(str(root))


def test_load_names_a_truncated_file(tmp_path):
    root = folder_of(tmp_path)
    file = root / "train" / "a" / "0.png"
    file.write_bytes(file.read_bytes()[:40])
    with pytest.raises(DataError, match=r"image 0 \(.*0.png\) cannot be decoded"):
        data_lib.load(str(root))


@pytest.mark.parametrize("name", ["/no/such/folder", "empty"])
def test_load_rejects_unreadable_names_with_a_remedy(tmp_path, name, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    if name == "empty":
        (tmp_path / "empty").mkdir()
        name = str(tmp_path / "empty")
    with pytest.raises(DataError, match="Pass a folder of images"):
        data_lib.load(name)


def test_load_rejects_data_without_images(tmp_path):
    (tmp_path / "table").mkdir()
    (tmp_path / "table" / "t.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match=r"no image column among \['a', 'b'\]"):
        data_lib.load(str(tmp_path / "table"))


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
