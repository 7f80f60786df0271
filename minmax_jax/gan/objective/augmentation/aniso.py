"""Stretching in one direction and shrinking in the other."""

import jax
import jax.numpy as jnp

from minmax_jax.gan.objective.augmentation import matrices
from minmax_jax.gan.objective.augmentation.kinds import AffineMap

_DEVIATION = 0.2  # Standard deviation of the logarithm to base 2.


def draw_aniso(key: jax.Array, shape: tuple[int, int]) -> jax.Array:
    """Enlarges the width by s = 2^(0.2·N(0, 1)) and the height by 1/s."""
    del shape
    factor = jnp.exp2(_DEVIATION * jax.random.normal(key))
    return matrices.scale_back(factor, 1.0 / factor)


ANISO = AffineMap(draw_aniso)
