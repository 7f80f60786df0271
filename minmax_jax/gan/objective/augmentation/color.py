"""Color of DiffAugment: brightness, saturation and contrast."""

from typing import Any

import jax
import jax.numpy as jnp

from minmax_jax.gan.objective.augmentation.kinds import ImageMap


def draw_color(key: jax.Array, shape: Any) -> jax.Array:
    """Draws three numbers that are uniform in [0, 1)."""
    del shape
    return jax.random.uniform(key, (3,))


def apply_color(uniform: jax.Array, image: jax.Array) -> jax.Array:
    """Changes brightness, then saturation, then contrast.

    With x in −1…1 and U uniform in the given interval:

    1. x + U(−0.5, 0.5);
    2. m + (x − m)·U(0, 2), with the mean m over the channels of each pixel;
    3. m + (x − m)·U(0.5, 1.5), with the mean m over the whole image.

    The result is not clipped.

    References:
      Zhao et al., `Differentiable augmentation for data-efficient GAN training
      <https://arxiv.org/abs/2006.10738>`_, 2020.
    """
    image = image + (uniform[0] - 0.5)
    image = _scale(image, 2.0 * uniform[1], jnp.mean(image, axis=-1, keepdims=True))
    return _scale(image, 0.5 + uniform[2], jnp.mean(image))


def _scale(image: jax.Array, factor: jax.Array, center: jax.Array) -> jax.Array:
    return center + factor * (image - center)


COLOR = ImageMap(draw_color, apply_color)
