"""Cutout of DiffAugment: a rectangular hole at a random position."""

import jax
import jax.numpy as jnp

from minmax_jax.gan.objective.augmentation.kinds import ImageMap

_SHARE = 0.5  # The side of the hole as a share of the side of the image.


def draw_cutout(key: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    """Draws the first row and the first column of the hole, int32 `(2,)`.

    With k = ⌊side / 2 + 1/2⌋, the first row is o − ⌊k / 2⌋, with a uniform integer o in
    [0, side − (k mod 2)]. The first column is drawn in the same way.

    References:
      Zhao et al., `Differentiable augmentation for data-efficient GAN training
      <https://arxiv.org/abs/2006.10738>`_, 2020.
    """
    sides, sizes = jnp.array(shape[:2]), jnp.array(_sizes(shape))
    return jax.random.randint(key, (2,), 0, sides + 1 - sizes % 2) - sizes // 2


def apply_cutout(start: jax.Array, image: jax.Array) -> jax.Array:
    """Sets half of the rows and half of the columns from `start` on to zero.

    Holes at the edge are smaller, because the part outside of the image is cut off.
    """
    rows, columns = (
        (jnp.arange(side) >= first) & (jnp.arange(side) < first + size)
        for side, first, size in zip(image.shape[:2], start, _sizes(image.shape), strict=True)
    )
    return jnp.where(rows[:, None, None] & columns[None, :, None], 0.0, image)


def _sizes(shape: tuple[int, ...]) -> list[int]:
    return [int(side * _SHARE + 0.5) for side in shape[:2]]


CUTOUT = ImageMap(draw_cutout, apply_cutout)
