"""Rotations by any angle."""

import jax
import jax.numpy as jnp

from minmax_jax.gan.objective.augmentation import matrices
from minmax_jax.gan.objective.augmentation.kinds import AffineMap


def draw_rotate(key: jax.Array, shape: tuple[int, int]) -> jax.Array:
    """Rotates the image about its center by U(−π, π)."""
    del shape
    return matrices.turn(jax.random.uniform(key, minval=-jnp.pi, maxval=jnp.pi))


ROTATE = AffineMap(draw_rotate)
