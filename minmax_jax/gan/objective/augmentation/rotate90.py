"""Rotations by quarter turns."""

import jax
import jax.numpy as jnp
from jax import lax

from minmax_jax.gan.objective.augmentation.kinds import ImageMap


def draw_rotate90(key: jax.Array, image: jax.Array) -> jax.Array:
    """Turns the image by 0, 1, 2 or 3 quarter turns, with equal probabilities.

    An image that is not square is turned by 0 or 2 quarter turns.
    """
    turned = [jnp.rot90(image, turns) for turns in range(4)]
    fitting = [one for one in turned if one.shape == image.shape]
    return lax.select_n(jax.random.randint(key, (), 0, len(fitting)), *fitting)


ROTATE90 = ImageMap(draw_rotate90)
