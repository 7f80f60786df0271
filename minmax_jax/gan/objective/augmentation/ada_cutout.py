"""Cutout of ADA: a rectangular hole whose center is uniform on the image."""

import jax
import jax.numpy as jnp

from minmax_jax.gan.objective.augmentation.kinds import ImageMap

_SHARE = 0.5  # The side of the hole as a share of the side of the image.


def draw_ada_cutout(key: jax.Array, image: jax.Array) -> jax.Array:
    """Sets a rectangle of half the height and half the width to zero.

    It differs from `cutout` in the position only: the center is any point of the image, not a
    whole number of pixels, so the two outermost positions are half as probable.
    """
    centers = jax.random.uniform(key, (2,))
    rows, columns = (
        jnp.abs((jnp.arange(side) + 0.5) / side - center) < _SHARE / 2
        for side, center in zip(image.shape[:2], centers, strict=True)
    )
    return jnp.where(rows[:, None, None] & columns[None, :, None], 0.0, image)


ADA_CUTOUT = ImageMap(draw_ada_cutout)
