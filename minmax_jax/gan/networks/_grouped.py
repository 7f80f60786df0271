"""Grouped 3×3 convolutions, as matrix products on CPU and by XLA elsewhere.

On CPU, the derivatives of XLA's grouped convolution are slow: in a trial, the gradient of a penalty
took several times the processor time of one product per group. On an H100, XLA calls cuDNN once for
each of the three convolutions, which write nothing but their results; the products move 6.7 times
the bytes, because each patch of nine pixels is written to memory.
`python -m tests.gpu_ahead grouped` counts them.
"""

import jax
import jax.numpy as jnp
from jax import lax

from minmax_jax.gan.networks import _convolution_lax
from minmax_jax.gan.networks._platform import on_cpu


def grouped_convolve(inputs: jax.Array, kernel: jax.Array) -> jax.Array:
    """Convolves each group of channels with its own kernel, with zero padding.

    Args:
      inputs: `(n, h, w, groups · c)`.
      kernel: `(k, k, c, groups · o)` with odd k.

    Returns:
      An array `(n, h, w, groups · o)`.
    """
    return (by_products if on_cpu() else by_lax)(inputs, kernel)


def by_lax(inputs: jax.Array, kernel: jax.Array) -> jax.Array:
    """Convolves by XLA's grouped convolution."""
    return lax.conv_general_dilated(
        inputs,
        kernel,
        (1, 1),
        "SAME",
        dimension_numbers=_convolution_lax.LAYOUT,
        feature_group_count=inputs.shape[-1] // kernel.shape[2],
    )


def by_products(inputs: jax.Array, kernel: jax.Array) -> jax.Array:
    """Convolves by one product per group of its patches with its kernel."""
    size, _, channels, outputs = kernel.shape
    batch, height, width, total = inputs.shape
    groups, pad = total // channels, size // 2
    padded = jnp.pad(inputs, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    padded = jnp.moveaxis(padded.reshape(*padded.shape[:3], groups, channels), 3, 0)
    windows = [
        padded[:, :, i : i + height, j : j + width] for i in range(size) for j in range(size)
    ]
    patches = jnp.concatenate(windows, axis=-1)
    matrices = kernel.reshape(size * size * channels, groups, outputs // groups).swapaxes(0, 1)
    patches = patches.reshape(groups, batch * height * width, size * size * channels)
    products = (patches @ matrices).reshape(groups, batch, height, width, outputs // groups)
    return jnp.moveaxis(products, 0, 3).reshape(batch, height, width, outputs)
