"""Rotations by quarter turns."""

import jax
import jax.numpy as jnp
from jax import lax

from minmax_jax.gan.objective.augmentation.kinds import ImageMap


def draw_rotate90(key: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    """Draws a number of turns, uniformly: four quarter turns, or two half turns.

    An image that is not square fits only after half turns.
    """
    return jax.random.randint(key, (), 0, 4 if shape[0] == shape[1] else 2)


def apply_rotate90(turns: jax.Array, image: jax.Array) -> jax.Array:
    """Turns the image by the given number of turns."""
    square = image.shape[0] == image.shape[1]
    quarters = range(4) if square else (0, 2)
    return lax.select_n(turns, *(jnp.rot90(image, quarter) for quarter in quarters))


ROTATE90 = ImageMap(draw_rotate90, apply_rotate90)
