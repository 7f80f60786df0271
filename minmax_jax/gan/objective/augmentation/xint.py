"""Shifts by whole pixels, with the image continued by reflection."""

import jax
import jax.numpy as jnp

from minmax_jax.gan.objective.augmentation import matrices
from minmax_jax.gan.objective.augmentation.kinds import AffineMap

_SHARE = 0.125  # The largest shift as a share of the side.


def draw_xint(key: jax.Array, shape: tuple[int, int]) -> jax.Array:
    """Shifts each axis by U(−1/8, 1/8) times its side, rounded to whole pixels."""
    height, width = shape
    share = jax.random.uniform(key, (2,), minval=-_SHARE, maxval=_SHARE)
    return matrices.shift_back(jnp.round(share[0] * width), jnp.round(share[1] * height))


XINT = AffineMap(draw_xint)
