"""Exchange of dark and bright, with colors kept."""

import jax
import jax.numpy as jnp
import numpy as np

from minmax_jax.gan.objective.augmentation import matrices
from minmax_jax.gan.objective.augmentation.kinds import ColorMap

_REFLECTION = np.eye(3, dtype=np.float32) - 2 * np.outer(matrices.LUMA, matrices.LUMA)


def draw_lumaflip(key: jax.Array) -> jax.Array:
    """Reflects the color with probability 1/2: I − 2vvᵀ, with v = (1, 1, 1)/√3."""
    flipped = jax.random.bernoulli(key)
    return matrices.color_map(jnp.where(flipped, _REFLECTION, np.eye(3, dtype=np.float32)))


LUMAFLIP = ColorMap(draw_lumaflip)
