"""Cutout of DiffAugment: a square hole at a random position."""

import jax
import jax.numpy as jnp

from minmax_jax.gan.objective.augmentation.kinds import ImageMap

_SHARE = 0.5  # The side of the hole as a share of the side of the image.


def draw_cutout(key: jax.Array, image: jax.Array) -> jax.Array:
    """Sets a rectangle of half the height and half the width to zero.

    With k = ⌊side / 2 + 1/2⌋, its rows are o − ⌊k / 2⌋ … o − ⌊k / 2⌋ + k − 1, with a uniform
    integer o in [0, side − (k mod 2)]. The part outside of the image is cut off, so holes at the
    edge are smaller. The columns are drawn in the same way.

    References:
      Zhao et al., `Differentiable augmentation for data-efficient GAN training
      <https://arxiv.org/abs/2006.10738>`_, 2020.
    """
    rows, columns = (
        _is_in_hole(axis_key, side)
        for axis_key, side in zip(jax.random.split(key), image.shape[:2], strict=True)
    )
    hole = rows[:, None, None] & columns[None, :, None]
    return jnp.where(hole, 0.0, image)


def _is_in_hole(key: jax.Array, side: int) -> jax.Array:
    """Returns for each row, or column, whether the hole contains it."""
    size = int(side * _SHARE + 0.5)
    start = jax.random.randint(key, (), 0, side + 1 - size % 2) - size // 2
    position = jnp.arange(side)
    return (position >= start) & (position < start + size)


CUTOUT = ImageMap(draw_cutout)
