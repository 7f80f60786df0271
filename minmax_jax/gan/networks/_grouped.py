"""Grouped 3×3 convolutions as matrix products on CPU, and by XLA elsewhere."""

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
    return (by_patches if on_cpu() else by_lax)(inputs, kernel)


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


def by_patches(inputs: jax.Array, kernel: jax.Array) -> jax.Array:
    """Convolves by one product of the gathered patches with the kernels of all groups."""
    size, _, channels, outputs = kernel.shape
    batch, height, width, total = inputs.shape
    groups, pad = total // channels, size // 2
    padded = jnp.pad(inputs, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    padded = padded.reshape(*padded.shape[:3], groups, channels)
    patches = jnp.concatenate(
        [padded[:, i : i + height, j : j + width] for i in range(size) for j in range(size)], -1
    )
    kernel = kernel.reshape(size * size * channels, groups, outputs // groups).swapaxes(0, 1)
    products = jnp.einsum("nhwgi,gio->nhwgo", patches, kernel)
    return products.reshape(batch, height, width, outputs)
