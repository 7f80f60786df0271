"""Color transformations against their formulas."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from minmax_jax.gan.objective.augmentation import AUGMENTATIONS, Augmentation, parse_policy

RANDOM = np.random.default_rng(0)
IMAGE = RANDOM.uniform(-1, 1, (4, 5, 3)).astype(np.float32)
KEYS = jax.random.split(jax.random.key(0), 400)
LUMA = np.ones(3) / np.sqrt(3)


def matrices(name):
    found = np.asarray(jax.jit(jax.vmap(AUGMENTATIONS[name].draw))(KEYS), np.float64)
    np.testing.assert_array_equal(found[:, 3], np.broadcast_to([0, 0, 0, 1], (len(KEYS), 4)))
    return found[:, :3, :3], found[:, :3, 3]


def test_diffaugment_color_equals_its_formula():
    uniform = np.array([0.9, 0.3, 0.8], np.float32)
    found = AUGMENTATIONS["color"].apply(jnp.asarray(uniform), jnp.asarray(IMAGE))
    x = IMAGE.astype(np.float64) + 0.9 - 0.5
    gray = x.mean(axis=2, keepdims=True)
    x = gray + (x - gray) * 0.6
    x = x.mean() + (x - x.mean()) * 1.3
    np.testing.assert_allclose(found, x, rtol=1e-5, atol=1e-6)


def test_brightness_and_contrast_treat_channels_alike():
    gain, offset = matrices("brightness")
    np.testing.assert_array_equal(gain, np.broadcast_to(np.eye(3), gain.shape))
    np.testing.assert_allclose(offset.std(), 0.2, rtol=0.15)
    gain, offset = matrices("contrast")
    assert not offset.any()
    np.testing.assert_allclose(np.log2(gain[:, 0, 0]).std(), 0.5, rtol=0.15)
    np.testing.assert_array_equal(gain, gain[:, :1, :1] * np.eye(3))


def test_lumaflip_reflects_half_of_the_images():
    gain, _ = matrices("lumaflip")
    flipped = gain @ LUMA @ LUMA < 0
    assert 0.4 < flipped.mean() < 0.6
    np.testing.assert_allclose(
        gain[flipped], np.broadcast_to(np.eye(3) - 2 / 3, gain[flipped].shape), atol=1e-6
    )


def test_hue_rotates_about_the_gray_axis():
    gain, _ = matrices("hue")
    np.testing.assert_allclose(gain @ LUMA, np.broadcast_to(LUMA, (len(KEYS), 3)), atol=1e-6)
    np.testing.assert_allclose(
        gain @ gain.transpose(0, 2, 1), np.broadcast_to(np.eye(3), gain.shape), atol=1e-6
    )
    np.testing.assert_allclose(np.linalg.det(gain), 1, atol=1e-6)
    angles = np.arccos(np.clip((np.trace(gain, axis1=1, axis2=2) - 1) / 2, -1, 1))
    assert abs(np.mean(angles) - np.pi / 2) < 0.25  # uniform in [0, π]


def test_saturation_scales_the_distance_from_gray():
    gain, _ = matrices("saturation")
    across = np.array([1.0, -1.0, 0.0])
    factors = (gain @ across)[:, 0]
    np.testing.assert_allclose(gain @ LUMA, np.broadcast_to(LUMA, (len(KEYS), 3)), atol=1e-6)
    np.testing.assert_allclose(gain @ across, factors[:, None] * across, atol=1e-5)
    np.testing.assert_allclose(np.log2(factors).std(), 1, rtol=0.15)


@pytest.mark.parametrize("channels", [1, 3])
def test_color_maps_act_in_their_order(channels):
    """Gray images take the mean of the three channels, and skip hue and saturation."""
    policy = parse_policy("brightness,hue,contrast,lumaflip")
    augmentation = Augmentation(policy, 1.0)
    images = jnp.asarray(IMAGE[None, ..., :channels])

    @jax.jit
    def evaluate(key, images):
        drawn = augmentation.draw(key[None], images.shape[1:])
        keys = jax.random.split(jax.random.split(key)[1], len(policy))
        drawings = [one.transformation.draw(own) for one, own in zip(policy, keys, strict=True)]
        return augmentation.apply(drawn, images)[0], drawings

    found, drawings = evaluate(KEYS[0], images)
    colors = np.concatenate([images[0], np.ones((4, 5, 1))], axis=-1)
    product = np.eye(4)
    for matrix, step in zip(drawings, policy, strict=True):
        if channels == 3 or step.name != "hue":
            product = np.asarray(matrix, np.float64) @ product
    if channels == 3:
        expected = colors @ product[:3].T
    else:
        gain = product[:3].mean(axis=0)
        expected = colors[..., :1] * gain[:3].sum() + gain[3]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
