"""Additive noise."""

import jax
import jax.numpy as jnp

from minmax_jax.gan.objective.augmentation.kinds import ImageMap


def draw_noise(key: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    """Draws normal noise of the shape of the image.

    Its standard deviation is |0.1·N(0, 1)|, with one number per image.
    """
    deviation_key, noise_key = jax.random.split(key)
    deviation = jnp.abs(0.1 * jax.random.normal(deviation_key))
    return deviation * jax.random.normal(noise_key, shape)


def apply_noise(noise: jax.Array, image: jax.Array) -> jax.Array:
    """Adds the noise."""
    return image + noise


NOISE = ImageMap(draw_noise, apply_noise)
