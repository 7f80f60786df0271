"""Bilinear resizing as in TensorFlow 1, which FID needs."""

import jax
import jax.numpy as jnp
import numpy as np


def resize_bilinear(images: jax.Array, side: int) -> jax.Array:
    """Resizes images as `tf.image.resize_bilinear(images, (side, side))` of TensorFlow 1.

    Output pixel i is read at position `i · length / side`, without an offset of half a pixel
    and without antialiasing. Positions beyond the last pixel repeat it. Other libraries place
    the pixels differently, which changes the features.

    Args:
      images: `(n, height, width, channels)`, integers or floats.
      side: Height and width of the result.

    Returns:
      float32 `(n, side, side, channels)`.
    """
    pixels = images.astype(jnp.float32)
    low, high, weight = _positions(images.shape[2], side)
    rows = _mix(pixels[:, :, low], pixels[:, :, high], weight[:, None])
    low, high, weight = _positions(images.shape[1], side)
    return _mix(rows[:, low], rows[:, high], weight[:, None, None])


def _mix(first: jax.Array, second: jax.Array, weight: np.ndarray) -> jax.Array:
    return first + (second - first) * weight


def _positions(length: int, side: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns both neighbors of each position, and the weight of the second one."""
    positions = np.arange(side, dtype=np.float32) * np.float32(length / side)
    low = positions.astype(np.int32)
    return low, np.minimum(low + 1, length - 1), positions - low.astype(np.float32)
