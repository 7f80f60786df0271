"""Resampling under affine maps against an independent implementation in float64."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from minmax_jax.gan.objective.augmentation import AUGMENTATIONS
from minmax_jax.gan.objective.augmentation import warp as warp_lib

pytestmark = pytest.mark.usefixtures("full_precision")
WARP = jax.jit(warp_lib.warp)
IMAGE = np.random.default_rng(0).normal(size=(6, 9, 2)).astype(np.float32)
TAPS = warp_lib._SYM6 / warp_lib._SYM6.sum()


def along(axis, function, image):
    return np.apply_along_axis(function, axis, image)


def enlarge(row):
    """Pads by reflection, puts a zero after each value, and filters."""
    padded = np.pad(row, len(row) - 1, mode="reflect")
    spread = np.stack([padded, np.zeros_like(padded)], axis=1).ravel()
    return np.convolve(np.pad(spread, (6, 5)), 2 * TAPS, mode="valid")


def reduce(row):
    """Filters with the mirrored taps, and takes every second value."""
    return np.convolve(row[1:-1], TAPS[::-1], mode="valid")[::2]


def reference(image, matrix):
    """Returns the warped image, in float64, one pixel at a time."""
    height, width, channels = image.shape
    fine = along(1, enlarge, along(0, enlarge, image.astype(np.float64)))
    rows, columns = 2 * (height + 6), 2 * (width + 6)
    sampled = np.zeros((rows, columns, channels))
    for r in range(rows):
        for c in range(columns):
            # Half a fine pixel comes from the even length of the filter.
            place = np.array([c + 0.5 - columns / 2 + 0.5, r + 0.5 - rows / 2 + 0.5]) / 2
            x, y = matrix[:2, :2] @ place + matrix[:2, 2]
            column = 2 * x - 0.5 + fine.shape[1] / 2 - 0.5
            row = 2 * y - 0.5 + fine.shape[0] / 2 - 0.5
            sampled[r, c] = bilinear(fine, row, column)
    return along(1, reduce, along(0, reduce, sampled))


def bilinear(image, row, column):
    top, left = int(np.floor(row)), int(np.floor(column))
    value = np.zeros(image.shape[2])
    for i in (top, top + 1):
        for j in (left, left + 1):
            if 0 <= i < image.shape[0] and 0 <= j < image.shape[1]:
                value += (1 - abs(row - i)) * (1 - abs(column - j)) * image[i, j]
    return value


def affine(*values):
    return np.array([*values, 0, 0, 1], np.float32).reshape(3, 3)


@pytest.mark.parametrize(
    "matrix",
    [
        affine(0.9, 0.3, 0.6, -0.4, 1.2, -1.3),
        affine(-0.2, 1.1, 0.25, -0.9, 0.1, 2.0),
        affine(4.0, 0.0, 0.0, 0.0, 4.0, 0.0),  # reaches beyond the padding
    ],
    ids=["turned", "quarter", "reduced"],
)
def test_warp_equals_an_independent_float64_implementation(matrix):
    found = WARP(IMAGE, matrix)
    np.testing.assert_allclose(found, reference(IMAGE, matrix), atol=2e-5)


def test_identity_and_whole_shifts_are_exact():
    np.testing.assert_allclose(WARP(IMAGE, np.eye(3, dtype=np.float32)), IMAGE, atol=4e-6)
    shifted = WARP(IMAGE, affine(1, 0, -2, 0, 1, 1))
    expected = np.pad(IMAGE, ((0, 1), (2, 0), (0, 0)), mode="reflect")[1:, :-2]
    np.testing.assert_allclose(shifted, expected, atol=4e-6)


def test_filter_is_orthonormal():
    """Even shifts of the taps are orthogonal, so reduction inverts enlargement."""
    taps = warp_lib._SYM6
    products = np.correlate(taps, taps, mode="full")[len(taps) - 1 :: 2]
    np.testing.assert_allclose(products, [1, 0, 0, 0, 0, 0], atol=1e-10)
    np.testing.assert_allclose(taps.sum(), np.sqrt(2), atol=1e-10)


def test_quarter_turns_are_exact_and_counterclockwise():
    image = jnp.asarray(IMAGE[:, :6])
    for turns in range(4):
        found = AUGMENTATIONS["rotate90"].apply(jnp.int32(turns), image)
        np.testing.assert_array_equal(found, np.rot90(image, turns))
    half = AUGMENTATIONS["rotate90"].apply(jnp.int32(1), jnp.asarray(IMAGE))
    np.testing.assert_array_equal(half, IMAGE[::-1, ::-1])
