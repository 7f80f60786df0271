"""Translation of DiffAugment: shifts by whole pixels."""

import jax
import jax.numpy as jnp
from jax import lax

from minmax_jax.gan.objective.augmentation.kinds import ImageMap

_SHARE = 0.125  # The largest shift as a share of the side.


def draw_translation(key: jax.Array, image: jax.Array) -> jax.Array:
    """Shifts rows and columns by at most 1/8 of the side, and fills with zeros.

    Each shift is a uniform integer in [−s, s], with s = ⌊side / 8 + 1/2⌋, which is 4 pixels for
    a side of 32. Pixel (r, c) of the result is pixel (r + t_r, c + t_c) of the image.

    References:
      Zhao et al., `Differentiable augmentation for data-efficient GAN training
      <https://arxiv.org/abs/2006.10738>`_, 2020.
    """
    limits = [int(side * _SHARE + 0.5) for side in image.shape[:2]]
    padded = jnp.pad(image, [*((limit, limit) for limit in limits), (0, 0)])
    largest = jnp.array(limits)
    start = jax.random.randint(key, (2,), 0, 2 * largest + 1)  # The shift plus its limit.
    # One slice per image: its derivative adds whole slices instead of single pixels.
    return lax.dynamic_slice(padded, (start[0], start[1], 0), image.shape)


TRANSLATION = ImageMap(draw_translation)
