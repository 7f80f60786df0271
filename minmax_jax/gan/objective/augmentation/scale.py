"""Enlargement and reduction, the same in both directions."""

import jax
import jax.numpy as jnp

from minmax_jax.gan.objective.augmentation import matrices
from minmax_jax.gan.objective.augmentation.kinds import AffineMap

_DEVIATION = 0.2  # Standard deviation of the logarithm to base 2.


def draw_scale(key: jax.Array, shape: tuple[int, int]) -> jax.Array:
    """Enlarges the image by the factor 2^(0.2·N(0, 1))."""
    del shape
    factor = jnp.exp2(_DEVIATION * jax.random.normal(key))
    return matrices.scale_back(factor, factor)


SCALE = AffineMap(draw_scale)
