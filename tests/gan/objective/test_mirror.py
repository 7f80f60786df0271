"""Mirrored copies of the training images in batches."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from minmax_jax import gan, parallel
from minmax_jax.gan import data as data_lib
from minmax_jax.gan.objective import forward, mirror
from minmax_jax.gan.training import build
from tests.gan.conftest import small_data

KEY = jax.random.key(3)


def batch(data, **fields):
    """Returns the samples of one batch of 32 examples."""
    small = {"width": 4, "latent_dim": 2, "batch_size": 32}
    game, _ = build.build_game(gan.preset("digits", **small, **fields).check(), data, 1)
    samples = parallel.on_one_device(lambda images: forward.samples_fn(game, images, KEY)(0))
    return jax.jit(samples)(data.images)


def test_half_of_the_real_images_are_mirrored_and_nothing_else():
    data = small_data((8, 8, 1))
    plain, found = batch(data), batch(data, mirror=True)
    flipped = plain.real[:, :, ::-1]
    kept = np.array([np.array_equal(a, b) for a, b in zip(found.real, plain.real, strict=True)])
    turned = np.array([np.array_equal(a, b) for a, b in zip(found.real, flipped, strict=True)])
    assert np.all(kept != turned) and 8 <= kept.sum() <= 24
    jax.tree.map(
        np.testing.assert_array_equal, found._replace(real=plain.real, dropout_keys=0),
        plain._replace(dropout_keys=0),
    )  # fmt: skip


def test_frequency_of_mirrored_images_is_one_half():
    images = jnp.tile(jnp.array([0.0, 1.0]).reshape(1, 1, 2, 1), (4000, 1, 1, 1))
    found = mirror.mirrored(images, KEY, jnp.arange(4000))[:, 0, 0, 0]
    assert abs(float(found.mean()) - 0.5) < 0.03


def test_choice_does_not_depend_on_the_division_of_the_batch():
    images = jax.random.normal(KEY, (8, 2, 2, 1))
    whole = mirror.mirrored(images, KEY, jnp.arange(8))
    parts = [mirror.mirrored(images[i : i + 4], KEY, jnp.arange(i, i + 4)) for i in (0, 4)]
    np.testing.assert_array_equal(whole, jnp.concatenate(parts))


def test_mirror_refuses_vectors():
    config = gan.preset("gaussians", mirror=True).check()
    with pytest.raises(gan.ConfigError, match=r"^mirror needs images, .* Remove --mirror"):
        build.build_game(config, data_lib.load("gaussians"), 1)
