"""Additive noise."""

import jax
import jax.numpy as jnp

from minmax_jax.gan.objective.augmentation.kinds import ImageMap


def draw_noise(key: jax.Array, image: jax.Array) -> jax.Array:
    """Adds normal noise to each value, with the standard deviation |0.1·N(0, 1)| of one image."""
    deviation_key, noise_key = jax.random.split(key)
    deviation = jnp.abs(0.1 * jax.random.normal(deviation_key))
    return image + deviation * jax.random.normal(noise_key, image.shape)


NOISE = ImageMap(draw_noise)
