"""Translation of DiffAugment: shifts by whole pixels, filled with zeros."""

import jax
import jax.numpy as jnp
from jax import lax

from minmax_jax.gan.objective.augmentation.kinds import ImageMap

_SHARE = 0.125  # The largest shift as a share of the side.


def draw_translation(key: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    """Draws the shifts of rows and columns, int32 `(2,)`.

    Each is a uniform integer in [−s, s], with s = ⌊side / 8 + 1/2⌋, which is 4 pixels for a side
    of 32.

    References:
      Zhao et al., `Differentiable augmentation for data-efficient GAN training
      <https://arxiv.org/abs/2006.10738>`_, 2020.
    """
    limits = jnp.array(_limits(shape))
    return jax.random.randint(key, (2,), -limits, limits + 1)


def apply_translation(shift: jax.Array, image: jax.Array) -> jax.Array:
    """Takes pixel (r, c) of the result from pixel (r + shift[0], c + shift[1]), or 0 outside."""
    limits = _limits(image.shape)
    padded = jnp.pad(image, [*((limit, limit) for limit in limits), (0, 0)])
    # One slice per image: its derivative adds whole slices instead of single pixels.
    return lax.dynamic_slice(padded, (shift[0] + limits[0], shift[1] + limits[1], 0), image.shape)


def _limits(shape: tuple[int, ...]) -> list[int]:
    return [int(side * _SHARE + 0.5) for side in shape[:2]]


TRANSLATION = ImageMap(draw_translation, apply_translation)
