"""Shifts by fractions of pixels."""

import jax

from minmax_jax.gan.objective.augmentation import matrices
from minmax_jax.gan.objective.augmentation.kinds import AffineMap

_DEVIATION = 0.125  # Standard deviation of the shift as a share of the side.


def draw_xfrac(key: jax.Array, shape: tuple[int, int]) -> jax.Array:
    """Shifts each axis by N(0, 1) times 1/8 of its side."""
    height, width = shape
    share = _DEVIATION * jax.random.normal(key, (2,))
    return matrices.shift_back(share[0] * width, share[1] * height)


XFRAC = AffineMap(draw_xfrac)
