"""Rotations of the hue."""

import jax
import jax.numpy as jnp
import numpy as np

from minmax_jax.gan.objective.augmentation import matrices
from minmax_jax.gan.objective.augmentation.kinds import ColorMap

_ALONG = np.outer(matrices.LUMA, matrices.LUMA)
_CROSS = np.cross(np.eye(3, dtype=np.float32), -matrices.LUMA)  # _CROSS @ x = v × x


def draw_hue(key: jax.Array) -> jax.Array:
    """Rotates the color about v = (1, 1, 1)/√3 by U(−π, π)."""
    angle = jax.random.uniform(key, minval=-jnp.pi, maxval=jnp.pi)
    sin, cos = jnp.sin(angle), jnp.cos(angle)
    return matrices.color_map(cos * jnp.eye(3) + sin * _CROSS + (1.0 - cos) * _ALONG)


HUE = ColorMap(draw_hue, needs_rgb=True)
