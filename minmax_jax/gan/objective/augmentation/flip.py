"""Horizontal flips."""

from typing import Any

import jax
import jax.numpy as jnp

from minmax_jax.gan.objective.augmentation.kinds import ImageMap


def draw_flip(key: jax.Array, shape: Any) -> jax.Array:
    """Draws whether an image is mirrored, with probability 1/2."""
    del shape
    return jax.random.bernoulli(key)


def apply_flip(mirrored: jax.Array, image: jax.Array) -> jax.Array:
    """Mirrors the image left to right, or not."""
    return jnp.where(mirrored, image[:, ::-1], image)


FLIP = ImageMap(draw_flip, apply_flip)
