"""Cutout of ADA: a rectangular hole whose center is uniform on the image."""

from typing import Any

import jax
import jax.numpy as jnp

from minmax_jax.gan.objective.augmentation.kinds import ImageMap

_SHARE = 0.5  # The side of the hole as a share of the side of the image.


def draw_ada_cutout(key: jax.Array, shape: Any) -> jax.Array:
    """Draws the center of the hole, uniform in [0, 1) as a share of height and width."""
    del shape
    return jax.random.uniform(key, (2,))


def apply_ada_cutout(center: jax.Array, image: jax.Array) -> jax.Array:
    """Sets a rectangle of half the height and half the width to zero.

    Unlike the center of `cutout`, this center need not be a whole number of pixels. So the two
    outermost positions are half as probable as the others.
    """
    rows, columns = (
        jnp.abs((jnp.arange(side) + 0.5) / side - middle) < _SHARE / 2
        for side, middle in zip(image.shape[:2], center, strict=True)
    )
    return jnp.where(rows[:, None, None] & columns[None, :, None], 0.0, image)


ADA_CUTOUT = ImageMap(draw_ada_cutout, apply_ada_cutout)
