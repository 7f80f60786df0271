"""Resamples an image under an affine map, without aliasing.

The image is continued by reflection, enlarged twice with a wavelet filter, sampled bilinearly and
reduced by the same filter, as in the code of ADA. Its authors pad by as much as the batch needs.
Here, every image is padded by its side minus one, which is their limit, so that shapes do not
depend on random numbers. Padding, enlargement and reduction are products with constant matrices.

References:
  Karras et al., `Training generative adversarial networks with limited data
  <https://arxiv.org/abs/2006.06676>`_, 2020, appendix B.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

_SYM6 = np.array(
    [
        0.015404109327027373,
        0.0034907120842174702,
        -0.11799011114819057,
        -0.048311742585633,
        0.4910559419267466,
        0.787641141030194,
        0.3379294217276218,
        -0.07263752278646252,
        -0.021060292512300564,
        0.04472490177066578,
        0.0017677118642428036,
        -0.007800708325034148,
    ]
)  # Low-pass filter of the symlet with 6 vanishing moments (Daubechies, 1992), with sum √2.

_MARGIN = 3  # Pixels around the image that the reduction needs: a quarter of the filter.


def warp(image: jax.Array, matrix: jax.Array) -> jax.Array:
    """Returns the image under an affine map.

    Args:
      image: Image `(height, width, channels)`.
      matrix: 3×3 matrix of an `AffineMap`, from positions in the result to positions in `image`.

    Returns:
      Image of the same shape. With the identity, it equals `image` up to rounding.
    """
    height, width, channels = image.shape
    product = functools.partial(jnp.einsum, precision=lax.Precision.HIGHEST)
    fine = product("ph,hwc,qw->pqc", _enlargement(height), image, _enlargement(width))
    rows, columns = 2 * (height + 2 * _MARGIN), 2 * (width + 2 * _MARGIN)
    y, x = jnp.meshgrid(_positions(rows), _positions(columns), indexing="ij")
    source = product("ij,jn->in", matrix[:2], jnp.stack([x.ravel(), y.ravel(), jnp.ones(x.size)]))
    # Twice the position, because `fine` has two pixels per pixel, as an index of `fine`.
    column, row = (
        2.0 * position + size / 2 - 1
        for position, size in zip(source, (fine.shape[1], fine.shape[0]), strict=True)
    )
    sampled = _bilinear(fine, row, column).reshape(rows, columns, channels)
    return product("hp,pqc,wq->hwc", _reduction(height), sampled, _reduction(width))


def _positions(count: int) -> np.ndarray:
    """Returns the positions of pixels of half the size, in pixels from the center.

    The filter of even length moves its center by half of these pixels.
    """
    return ((np.arange(count) + 1 - count / 2) / 2).astype(np.float32)


def _bilinear(image: jax.Array, row: jax.Array, column: jax.Array) -> jax.Array:
    """Interpolates an image at the given indices, with zeros outside.

    Args:
      image: Image `(height, width, channels)`.
      row: Row indices, `(n,)`.
      column: Column indices, `(n,)`.

    Returns:
      Colors `(n, channels)`.
    """
    height, width, channels = image.shape
    top, left = jnp.floor(row), jnp.floor(column)
    colors, found = image.reshape(-1, channels), 0.0
    for y, x in ((top, left), (top, left + 1), (top + 1, left), (top + 1, left + 1)):
        weight = (1.0 - jnp.abs(row - y)) * (1.0 - jnp.abs(column - x))
        is_inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
        index = jnp.clip(y, 0, height - 1) * width + jnp.clip(x, 0, width - 1)
        near = colors.at[index.astype(jnp.int32)].get(mode="promise_in_bounds")
        found += jnp.where(is_inside, weight, 0.0)[:, None] * near
    return jnp.asarray(found)


@functools.cache
def _enlargement(side: int) -> np.ndarray:
    """Returns the matrix that pads one axis by reflection and doubles its resolution.

    Its shape is `(2 · (3 · side − 2), side)`.
    """
    padded = np.pad(np.arange(side), side - 1, mode="reflect")
    taps = 2 * _SYM6 / _SYM6.sum()
    matrix = np.zeros((2 * len(padded), side), np.float32)
    for row in range(len(matrix)):
        for tap, weight in enumerate(taps):
            place = row + 5 - tap  # Position among the pixels and the zeros between them.
            if place % 2 == 0 and 0 <= place // 2 < len(padded):
                matrix[row, padded[place // 2]] += weight
    return matrix


@functools.cache
def _reduction(side: int) -> np.ndarray:
    """Returns the matrix that halves the resolution of one axis and cuts the margin off.

    Its shape is `(side, 2 · (side + 2 · _MARGIN))`.
    """
    taps = _SYM6 / _SYM6.sum()
    matrix = np.zeros((side, 2 * (side + 2 * _MARGIN)), np.float32)
    for row in range(side):
        matrix[row, 2 * row + 1 : 2 * row + 1 + len(taps)] = taps
    return matrix
