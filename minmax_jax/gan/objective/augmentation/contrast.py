"""Changes of contrast."""

import jax
import jax.numpy as jnp

from minmax_jax.gan.objective.augmentation import matrices
from minmax_jax.gan.objective.augmentation.kinds import ColorMap


def draw_contrast(key: jax.Array) -> jax.Array:
    """Multiplies all channels by 2^(0.5·N(0, 1)), which leaves mid-gray unchanged."""
    return matrices.color_map(jnp.exp2(0.5 * jax.random.normal(key)) * jnp.eye(3))


CONTRAST = ColorMap(draw_contrast)
