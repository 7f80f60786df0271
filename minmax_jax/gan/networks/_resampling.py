"""Resampling by a factor of two with the filter [1, 3, 3, 1], or bilinearly.

Each output pixel combines two input pixels per axis, so both functions are a few shifted sums.
"""

import jax
import jax.numpy as jnp


def double(inputs: jax.Array, *, edge: str = "constant") -> jax.Array:
    """Interpolates between pixels: `(n, h, w, c)` to `(n, 2h, 2w, c)`.

    The outputs 2i and 2i + 1 of an axis are ¼ x[i − 1] + ¾ x[i] and ¾ x[i] + ¼ x[i + 1].

    Args:
      inputs: Images.
      edge: Mode of `jnp.pad` for the pixels outside of the image. With "edge", this is bilinear
        interpolation with half-pixel centers (`align_corners=False` in PyTorch). With
        "constant", they are zero, and this is the transposed convolution with [1, 3, 3, 1] along
        both axes.
    """
    return _double_axis(_double_axis(inputs, 1, edge), 2, edge)


def halve(inputs: jax.Array) -> jax.Array:
    """Applies the filter [1, 3, 3, 1] / 8 at stride 2: `(n, 2h, 2w, c)` to `(n, h, w, c)`.

    Pixels outside of the image are zero.
    """
    return _halve_axis(_halve_axis(inputs, 1), 2)


def _double_axis(inputs: jax.Array, axis: int, edge: str) -> jax.Array:
    before, after = _neighbors(inputs, inputs, axis, edge)
    pair = jnp.stack([0.25 * before + 0.75 * inputs, 0.75 * inputs + 0.25 * after], axis + 1)
    shape = list(inputs.shape)
    shape[axis] *= 2
    return pair.reshape(shape)


def _halve_axis(inputs: jax.Array, axis: int) -> jax.Array:
    shape = list(inputs.shape)
    shape[axis : axis + 1] = [shape[axis] // 2, 2]
    even, odd = jnp.unstack(inputs.reshape(shape), axis=axis + 1)
    before, after = _neighbors(odd, even, axis, "constant")
    return 0.375 * (even + odd) + 0.125 * (before + after)


def _neighbors(
    left: jax.Array, right: jax.Array, axis: int, edge: str
) -> tuple[jax.Array, jax.Array]:
    """Returns `left` shifted by one pixel to the back, and `right` to the front."""
    size = left.shape[axis]
    widths = [(0, 0)] * left.ndim
    widths[axis] = (1, 1)
    padded_left, padded_right = (jnp.pad(each, widths, mode=edge) for each in (left, right))
    before = jax.lax.slice_in_dim(padded_left, 0, size, axis=axis)
    return before, jax.lax.slice_in_dim(padded_right, 2, size + 2, axis=axis)
