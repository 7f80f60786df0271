"""Identity, gradients and distributions of the transformations."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from minmax_jax.gan.objective.augmentation import (
    AUGMENTATIONS,
    Augmentation,
    ImageMap,
    parse_policy,
)

COUNT = 20_000
EVERY_NAME = ",".join(sorted(AUGMENTATIONS))
RANDOM = np.random.default_rng(0)
IMAGES, MOVED, WEIGHTS = RANDOM.normal(size=(3, 16, 8, 8, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def transform():
    """Function of a probability that applies every transformation, compiled once."""

    @jax.jit
    def evaluate(probability, keys, images):
        augmentation = Augmentation(parse_policy(EVERY_NAME), probability)
        apply = functools.partial(augmentation.apply, augmentation.draw(keys, images.shape[1:]))
        changed, pull = jax.vjp(apply, images)
        return changed, apply(images + MOVED), pull(jnp.asarray(WEIGHTS))[0]

    keys = jax.random.split(jax.random.key(3), 16)
    return lambda probability: jax.device_get(evaluate(probability, keys, IMAGES))


def test_probability_zero_is_the_identity(transform):
    changed, _, gradient = transform(0.0)
    np.testing.assert_array_equal(changed, IMAGES)
    np.testing.assert_array_equal(gradient, WEIGHTS)


def test_gradient_is_the_transpose_of_the_transformation(transform):
    """All transformations are affine in the image: ⟨w, A v⟩ = ⟨Aᵀ w, v⟩ for each image."""
    changed, moved, gradient = (array.astype(np.float64) for array in transform(1.0))
    assert np.all(np.any(changed != IMAGES, axis=(1, 2, 3)))
    forward = np.sum(WEIGHTS * (moved - changed), axis=(1, 2, 3))
    backward = np.sum(gradient * MOVED, axis=(1, 2, 3))
    np.testing.assert_allclose(backward, forward, rtol=1e-3, atol=1e-3)
    assert np.all(backward != 0)


def draws(name, shape, count=COUNT):
    """Returns the numbers of many images."""
    transformation = AUGMENTATIONS[name]
    keys = jax.random.split(jax.random.key(7), count)
    shape = shape if isinstance(transformation, ImageMap) else shape[:2]
    return np.asarray(jax.jit(jax.vmap(lambda key: transformation.draw(key, shape)))(keys))


def assert_uniform(values, expected):
    """Checks that integers take the expected values with equal frequency, within 5 deviations."""
    found, counts = np.unique(values, return_counts=True)
    np.testing.assert_array_equal(found, expected)
    mean = len(values) / len(expected)
    assert np.all(np.abs(counts - mean) < 5 * np.sqrt(mean))


@pytest.mark.parametrize(("side", "limit"), [(32, 4), (28, 4), (5, 1)])
def test_translation_is_uniform_up_to_an_eighth(side, limit):
    shifts = draws("translation", (side, 2 * side, 3))
    assert_uniform(shifts[:, 0], np.arange(-limit, limit + 1))
    twice = int(2 * side * 0.125 + 0.5)
    assert_uniform(shifts[:, 1], np.arange(-twice, twice + 1))
    assert abs(np.corrcoef(shifts.T)[0, 1]) < 0.04  # rows and columns are independent


def test_translation_moves_pixels_and_fills_with_zeros():
    image = np.arange(1, 65, dtype=np.float32).reshape(8, 8, 1)
    found = AUGMENTATIONS["translation"].apply(jnp.array([1, -1]), image)
    expected = np.zeros_like(image)
    expected[:7, 1:] = image[1:, :7]
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(("side", "size", "last"), [(32, 16, 32), (7, 4, 7), (6, 3, 5)])
def test_cutout_is_half_the_side_at_a_uniform_place(side, size, last):
    starts = draws("cutout", (side, side, 1))
    assert_uniform(starts[:, 0], np.arange(last + 1) - size // 2)
    image = jnp.ones((side, side, 1))
    holes = {
        start: AUGMENTATIONS["cutout"].apply(jnp.array([start, 0]), image) for start in (-1, 1)
    }
    assert np.sum(holes[1] == 0) == size * size
    assert np.sum(holes[-1] == 0) == (size - 1) * size  # one row is outside


def test_integer_shifts_are_rounded_uniform_shares():
    matrices = draws("xint", (16, 32, 3))
    columns, rows = -matrices[:, 0, 2], -matrices[:, 1, 2]
    np.testing.assert_array_equal(np.unique(rows), np.arange(-2, 3))
    # The outermost values are rounded from half an interval.
    np.testing.assert_allclose(np.mean(np.abs(rows) == 2), 0.25, atol=0.02)
    np.testing.assert_array_equal(np.unique(columns), np.arange(-4, 5))


@pytest.mark.parametrize(
    ("name", "entry", "deviation"), [("scale", (0, 0), 0.2), ("aniso", (1, 1), 0.2)]
)
def test_logarithms_of_scales_are_normal(name, entry, deviation):
    logs = np.log2(draws(name, (16, 16, 3))[:, *entry])
    assert abs(logs.mean()) < 5 * deviation / np.sqrt(COUNT)
    np.testing.assert_allclose(logs.std(), deviation, rtol=0.04)
    product = draws(name, (16, 16, 3))[:, 0, 0] * draws(name, (16, 16, 3))[:, 1, 1]
    assert np.allclose(product, 1, rtol=1e-5) == (name == "aniso")


def test_angles_shifts_holes_and_noise_have_their_distributions():
    matrices = draws("rotate", (16, 16, 3))
    angles = np.arctan2(matrices[:, 1, 0], matrices[:, 0, 0])
    np.testing.assert_allclose(np.histogram(angles, 8, (-np.pi, np.pi))[0], COUNT / 8, rtol=0.1)
    shifts = draws("xfrac", (16, 32, 3))[:, :2, 2]
    np.testing.assert_allclose(shifts.std(axis=0), [4, 2], rtol=0.04)  # 1/8 of width and height
    centers = draws("ada_cutout", (16, 16, 3))
    np.testing.assert_allclose(np.histogram(centers, 8, (0, 1))[0], COUNT / 4, rtol=0.1)
    deviations = draws("noise", (16, 16, 3), 2000).std(axis=(1, 2, 3))
    np.testing.assert_allclose(deviations.mean(), 0.1 * np.sqrt(2 / np.pi), rtol=0.1)


def test_ada_cutout_is_half_the_side_around_its_center():
    found = AUGMENTATIONS["ada_cutout"].apply(np.array([0.5, 0.0]), np.ones((8, 8, 1), np.float32))
    expected = np.ones((8, 8, 1))
    expected[2:6, :2] = 0
    np.testing.assert_array_equal(found, expected)


def test_steps_are_applied_with_their_probability():
    """Of two rotations, each with 1 − √(1 − p), at least one is applied with probability p."""
    keys = jax.random.split(jax.random.key(1), COUNT)
    policy = parse_policy("flip:0.5,rotate,cutout,rotate")
    drawn = jax.jit(lambda keys: Augmentation(policy, 0.4).draw(keys, (8, 8, 1)))(keys)
    flip, first, _, second = (one.applied for one in drawn)
    assert abs(np.mean(flip) - 0.2) < 0.02
    assert abs(np.mean(first) - (1 - np.sqrt(0.6))) < 0.02
    assert abs(np.mean(first | second) - 0.4) < 0.02
    assert abs(np.mean(draws("flip", (8, 8, 1))) - 0.5) < 0.02
