"""Convolutions, as matrix products (im2col) on CPU and by XLA elsewhere.

XLA's convolution on CPU is fast only at the top level of a program. Inside a loop it runs on
one thread (a step of both players at width 16 takes 93 ms instead of 10 ms), and under `vmap`
over kernels it becomes a grouped convolution. Written as im2col, that is, as one matrix
product with gathered patches, the same step takes 14.5 ms everywhere. Both forms compute the
same sums.

The module also has the resampling of residual networks: nearest-neighbor upsampling and
average pooling over 2×2 blocks, alone or in one convolution with a 3×3 kernel.
"""

import jax
import jax.numpy as jnp
from jax import lax

from minmax_jax.gan.networks import _convolution_lax
from minmax_jax.gan.networks._platform import on_cpu

_PAD_ONE = ((0, 0), (1, 1), (1, 1), (0, 0))


def halve(inputs: jax.Array, kernel: jax.Array) -> jax.Array:
    """Convolves `(n, 2h, 2w, c)` with `(4, 4, c, o)` at stride 2, to `(n, h, w, o)`."""
    return (_halve_im2col if on_cpu() else _convolution_lax.halve)(inputs, kernel)


def double(inputs: jax.Array, kernel: jax.Array) -> jax.Array:
    """Applies a transposed convolution: `(n, h, w, c)` and `(4, 4, c, o)` to `(n, 2h, 2w, o)`."""
    return (_double_im2col if on_cpu() else _convolution_lax.double)(inputs, kernel)


def convolve(inputs: jax.Array, kernel: jax.Array, stride: int = 1) -> jax.Array:
    """Convolves `(n, h, w, c)` with `(k, l, c, o)`, zero-padded, to `(n, ⌈h/stride⌉, …, o)`."""
    if kernel.shape[:2] == (1, 1) and stride == 1:
        return inputs @ kernel[0, 0]
    return (_convolve_im2col if on_cpu() else _convolution_lax.convolve)(inputs, kernel, stride)


def upsample(inputs: jax.Array) -> jax.Array:
    """Repeats every pixel in a 2×2 block: `(n, h, w, c)` to `(n, 2h, 2w, c)`."""
    batch, height, width, channels = inputs.shape
    blocks = jnp.broadcast_to(inputs[:, :, None, :, None], (batch, height, 2, width, 2, channels))
    return blocks.reshape(batch, 2 * height, 2 * width, channels)


def average_pool(inputs: jax.Array) -> jax.Array:
    """Averages every 2×2 block: `(n, 2h, 2w, c)` to `(n, h, w, c)`."""
    batch, height, width, channels = inputs.shape
    blocks = inputs.reshape(batch, height // 2, 2, width // 2, 2, channels)
    return jnp.mean(blocks, axis=(2, 4))


def resampling_kernel(kernel: jax.Array) -> jax.Array:
    """Convolves a 3×3 kernel with a 2×2 block of ones, to `(4, 4, c, o)`.

    `double` with this kernel equals `upsample` followed by the 3×3 convolution, and `halve` with a
    quarter of it equals the 3×3 convolution followed by `average_pool`. Both take 16 instead of
    36 multiplications per four pixels.
    """
    down = jnp.pad(kernel, ((0, 1), (0, 0), (0, 0), (0, 0)))
    rows = down + jnp.pad(kernel, ((1, 0), (0, 0), (0, 0), (0, 0)))
    right = jnp.pad(rows, ((0, 0), (0, 1), (0, 0), (0, 0)))
    kernel = right + jnp.pad(rows, ((0, 0), (1, 0), (0, 0), (0, 0)))
    # Otherwise XLA moves the reversal of a transposed convolution's kernel into these pads, and no
    # longer recognizes the convolution.
    return kernel if on_cpu() else lax.optimization_barrier(kernel)


def pooling_kernel(kernel: jax.Array) -> jax.Array:
    """Returns the kernel of `halve` that convolves with a 3×3 kernel and pools the result."""
    return resampling_kernel(0.25 * kernel)


def _convolve_im2col(inputs: jax.Array, kernel: jax.Array, stride: int) -> jax.Array:
    """Convolves by one matrix product of the kernel with a slice of the inputs per kernel pixel.

    At stride 1, unless there are many more outputs than inputs, `_convolve_by_columns` is
    faster.
    """
    rows, columns, channels, outputs = kernel.shape
    _, height, width, _ = inputs.shape
    padding = lax.padtype_to_pads((height, width), (rows, columns), (stride, stride), "SAME")
    padded = jnp.pad(inputs, ((0, 0), *padding, (0, 0)))
    if stride == 1 and outputs <= 2 * channels:
        return _convolve_by_columns(padded, kernel)
    size = [-(-side // stride) for side in (height, width)]
    ends = [stride * (count - 1) + 1 for count in size]
    slices = [
        padded[:, i : i + ends[0] : stride, j : j + ends[1] : stride]
        for i in range(rows)
        for j in range(columns)
    ]
    kernel = kernel.reshape(rows * columns * channels, outputs)
    return jnp.concatenate(slices, axis=-1) @ kernel


def _convolve_by_columns(padded: jax.Array, kernel: jax.Array) -> jax.Array:
    """Convolves by one matrix product with a slice per kernel column, then adds the rows up.

    The time of a narrow convolution is memory traffic. For a 3×3 kernel from c to o channels,
    this form moves about 6c + 6o elements per pixel, and the form with nine slices 18c + o.
    For 2×2 kernels it brings nothing.
    """
    rows, columns, channels, outputs = kernel.shape
    height, width = padded.shape[1] - rows + 1, padded.shape[2] - columns + 1
    slices = jnp.concatenate([padded[:, :, j : j + width] for j in range(columns)], axis=-1)
    products = slices @ kernel.transpose(1, 2, 0, 3).reshape(columns * channels, rows * outputs)
    first, *others = (
        part[:, i : i + height] for i, part in enumerate(jnp.split(products, rows, axis=-1))
    )
    return sum(others, first)


def _halve_im2col(inputs: jax.Array, kernel: jax.Array) -> jax.Array:
    """Turns each 2×2 block into channels, so that a 2×2 kernel at stride 1 is enough."""
    batch, height, width, channels = inputs.shape
    blocks = jnp.pad(inputs, _PAD_ONE).reshape(
        batch, height // 2 + 1, 2, width // 2 + 1, 2, channels
    )
    blocks = blocks.transpose(0, 1, 3, 2, 4, 5).reshape(*blocks.shape[:2], width // 2 + 1, -1)
    # kernel: (step down, row in block, step right, column in block, c, o)
    kernel = kernel.reshape(2, 2, 2, 2, channels, -1).transpose(0, 2, 1, 3, 4, 5)
    return _patches(blocks) @ kernel.reshape(16 * channels, -1)


def _double_im2col(inputs: jax.Array, kernel: jax.Array) -> jax.Array:
    """Computes a 2×2 block of outputs from each 2×2 patch of inputs."""
    batch, height, width, channels = inputs.shape
    kernel = _convolution_lax.subpixel_kernel(kernel).reshape(4 * channels, -1)
    blocks = _patches(jnp.pad(inputs, _PAD_ONE)) @ kernel
    return _convolution_lax.interleave(blocks, (batch, 2 * height, 2 * width))


def _patches(inputs: jax.Array) -> jax.Array:
    """Gathers every 2×2 patch: `(n, h, w, c)` to `(n, h − 1, w − 1, 4c)`."""
    _, height, width, _ = inputs.shape
    corners = [inputs[:, i : height - 1 + i, j : width - 1 + j] for i in range(2) for j in range(2)]
    return jnp.concatenate(corners, axis=-1)
