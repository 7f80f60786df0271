"""Changes of saturation."""

import jax
import jax.numpy as jnp
import numpy as np

from minmax_jax.gan.objective.augmentation import matrices
from minmax_jax.gan.objective.augmentation.kinds import ColorMap

_ALONG = np.outer(matrices.LUMA, matrices.LUMA)


def draw_saturation(key: jax.Array) -> jax.Array:
    """Multiplies the distance from gray by 2^N(0, 1)."""
    factor = jnp.exp2(jax.random.normal(key))
    return matrices.color_map(_ALONG + factor * (np.eye(3, dtype=np.float32) - _ALONG))


SATURATION = ColorMap(draw_saturation, needs_rgb=True)
