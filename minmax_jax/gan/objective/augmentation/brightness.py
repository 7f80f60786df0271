"""Changes of brightness."""

import jax
import jax.numpy as jnp

from minmax_jax.gan.objective.augmentation import matrices
from minmax_jax.gan.objective.augmentation.kinds import ColorMap


def draw_brightness(key: jax.Array) -> jax.Array:
    """Adds 0.2·N(0, 1) to all channels."""
    return matrices.color_map(jnp.eye(3), 0.2 * jax.random.normal(key))


BRIGHTNESS = ColorMap(draw_brightness)
