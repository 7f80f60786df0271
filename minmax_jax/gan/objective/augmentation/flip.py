"""Horizontal flips."""

import jax
import jax.numpy as jnp

from minmax_jax.gan.objective.augmentation.kinds import ImageMap


def draw_flip(key: jax.Array, image: jax.Array) -> jax.Array:
    """Mirrors the image left to right with probability 1/2."""
    return jnp.where(jax.random.bernoulli(key), image[:, ::-1], image)


FLIP = ImageMap(draw_flip)
