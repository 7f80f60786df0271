"""Tests of the bilinear resizing of TensorFlow 1."""

import numpy as np
import pytest

from minmax_jax.gan.evaluation.features.resizing import resize_bilinear

SIZES = [(32, 32), (28, 28), (64, 48), (310, 299), (1, 1)]


def images(size):
    return np.random.RandomState(0).randint(0, 256, (2, *size, 3)).astype(np.uint8)


@pytest.mark.parametrize("size", SIZES)
def test_resizing_matches_interpolation_without_offset(size):
    pixels = images(size)
    found = np.asarray(resize_bilinear(pixels, 299))
    assert found.shape == (2, 299, 299, 3) and found.dtype == np.float32
    expected = pixels.astype(np.float64)
    for axis, length in ((1, size[0]), (2, size[1])):
        # np.interp repeats the last pixel beyond its position.
        positions = np.arange(299) * length / 299
        interpolate = lambda line: np.interp(positions, np.arange(length), line)  # noqa: B023, E731
        expected = np.apply_along_axis(interpolate, axis, expected)
    np.testing.assert_allclose(found, expected, atol=5e-3)  # Positions are float32.


def test_resizing_keeps_images_of_the_same_size():
    pixels = images((16, 16))
    np.testing.assert_array_equal(resize_bilinear(pixels, 16), pixels)
    np.testing.assert_array_equal(resize_bilinear(pixels, 8), pixels[:, ::2, ::2])


@pytest.mark.parametrize("size", SIZES)
def test_resizing_matches_torch_fidelity(size):
    torch = pytest.importorskip("torch", reason="needs the extra peers (torch)")
    module = pytest.importorskip(
        "torch_fidelity.interpolate_compat_tensorflow", reason="needs the extra peers"
    )
    pixels = torch.from_numpy(images(size).transpose(0, 3, 1, 2).astype(np.float32))
    resize = module.interpolate_bilinear_2d_like_tensorflow1x
    expected = resize(pixels, size=(299, 299), align_corners=False).numpy().transpose(0, 2, 3, 1)
    np.testing.assert_allclose(resize_bilinear(images(size), 299), expected, atol=1e-4)
