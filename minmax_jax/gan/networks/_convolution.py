"""Convolutions: 4×4 at stride 2 that halve or double a side, and any others that keep or divide it.

On a CPU all are written as one matrix product of gathered patches. XLA's CPU
convolution is fast only at the top of a program: inside a loop it loses its threads
(10 ms against 93 ms for a step of both players at width 16), and under `vmap` over
kernels it becomes a grouped convolution. The product takes 14.5 ms everywhere.
Elsewhere they are the backend's own convolutions. Both forms compute the same sums.

The resamplings of residual networks are here as well: nearest neighbours, and means of 2×2.
"""

import jax
import jax.numpy as jnp
from jax import lax

_LAYOUT = ("NHWC", "HWIO", "NHWC")
_RING = ((0, 0), (1, 1), (1, 1), (0, 0))


def halve(inputs: jax.Array, kernel: jax.Array) -> jax.Array:
    """Convolves `(n, 2h, 2w, c)` with `(4, 4, c, o)` at stride 2 to `(n, h, w, o)`."""
    return _halve_by_patches(inputs, kernel) if _on_cpu() else _halve_by_lax(inputs, kernel)


def double(inputs: jax.Array, kernel: jax.Array) -> jax.Array:
    """Convolves `(n, h, w, c)` with `(4, 4, c, o)` at stride 1/2 to `(n, 2h, 2w, o)`."""
    return _double_by_patches(inputs, kernel) if _on_cpu() else _double_by_lax(inputs, kernel)


def convolve(inputs: jax.Array, kernel: jax.Array, stride: int = 1) -> jax.Array:
    """Convolves `(n, h, w, c)` with `(k, l, c, o)`, zeros around it, to `(n, ⌈h/stride⌉, …, o)`."""
    if kernel.shape[:2] == (1, 1) and stride == 1:
        return inputs @ kernel[0, 0]
    return (_by_patches if _on_cpu() else _by_lax)(inputs, kernel, stride)


def enlarge(inputs: jax.Array) -> jax.Array:
    """Repeats every pixel: `(n, h, w, c)` to `(n, 2h, 2w, c)`."""
    batch, height, width, channels = inputs.shape
    blocks = jnp.broadcast_to(inputs[:, :, None, :, None], (batch, height, 2, width, 2, channels))
    return blocks.reshape(batch, 2 * height, 2 * width, channels)


def shrink(inputs: jax.Array) -> jax.Array:
    """Takes the mean of every 2×2 block: `(n, 2h, 2w, c)` to `(n, h, w, c)`."""
    batch, height, width, channels = inputs.shape
    blocks = inputs.reshape(batch, height // 2, 2, width // 2, 2, channels)
    return jnp.mean(blocks, axis=(2, 4))


def _by_lax(inputs: jax.Array, kernel: jax.Array, stride: int) -> jax.Array:
    return lax.conv_general_dilated(
        inputs, kernel, (stride, stride), "SAME", dimension_numbers=_LAYOUT
    )


def _by_patches(inputs: jax.Array, kernel: jax.Array, stride: int) -> jax.Array:
    """A slice of the padded inputs for each pixel of the kernel, side by side, times the kernel.

    At stride 1, and unless there are many more outputs than inputs, only for each of its columns,
    see `_along_rows`.
    """
    rows, columns, channels, outputs = kernel.shape
    _, height, width, _ = inputs.shape
    padding = lax.padtype_to_pads((height, width), (rows, columns), (stride, stride), "SAME")
    padded = jnp.pad(inputs, ((0, 0), *padding, (0, 0)))
    if stride == 1 and outputs <= 2 * channels:
        return _along_rows(padded, kernel)
    size = [-(-side // stride) for side in (height, width)]
    ends = [stride * (count - 1) + 1 for count in size]
    slices = [
        padded[:, i : i + ends[0] : stride, j : j + ends[1] : stride]
        for i in range(rows)
        for j in range(columns)
    ]
    kernel = kernel.reshape(rows * columns * channels, outputs)
    return jnp.concatenate(slices, axis=-1) @ kernel


def _along_rows(padded: jax.Array, kernel: jax.Array) -> jax.Array:
    """Slices for each column of the kernel times the kernel; what its rows make is added up.

    Waiting for memory is what a narrow convolution takes. With a 3×3 kernel from c to o channels
    this moves some 6c + 6o numbers, nine slices side by side 18c + o. With 2×2 it gains nothing.
    """
    rows, columns, channels, outputs = kernel.shape
    height, width = padded.shape[1] - rows + 1, padded.shape[2] - columns + 1
    beside = jnp.concatenate([padded[:, :, j : j + width] for j in range(columns)], axis=-1)
    made = beside @ kernel.transpose(1, 2, 0, 3).reshape(columns * channels, rows * outputs)
    first, *others = (
        part[:, i : i + height] for i, part in enumerate(jnp.split(made, rows, axis=-1))
    )
    return sum(others, first)


def _on_cpu() -> bool:
    return jax.default_backend() == "cpu"


def _halve_by_lax(inputs: jax.Array, kernel: jax.Array) -> jax.Array:
    return lax.conv_general_dilated(
        inputs, kernel, (2, 2), ((1, 1), (1, 1)), dimension_numbers=_LAYOUT
    )


def _double_by_lax(inputs: jax.Array, kernel: jax.Array) -> jax.Array:
    return lax.conv_general_dilated(
        inputs, kernel, (1, 1), ((2, 2), (2, 2)), lhs_dilation=(2, 2), dimension_numbers=_LAYOUT
    )


def _halve_by_patches(inputs: jax.Array, kernel: jax.Array) -> jax.Array:
    """A pixel of four becomes a channel: stride 2 with 4×4 is stride 1 with 2×2 there."""
    batch, height, width, channels = inputs.shape
    blocks = jnp.pad(inputs, _RING).reshape(batch, height // 2 + 1, 2, width // 2 + 1, 2, channels)
    blocks = blocks.transpose(0, 1, 3, 2, 4, 5).reshape(*blocks.shape[:2], width // 2 + 1, -1)
    # kernel: (step down, row in block, step right, column in block, c, o)
    kernel = kernel.reshape(2, 2, 2, 2, channels, -1).transpose(0, 2, 1, 3, 4, 5)
    return _patches(blocks) @ kernel.reshape(16 * channels, -1)


def _double_by_patches(inputs: jax.Array, kernel: jax.Array) -> jax.Array:
    """Each 2×2 patch of inputs makes a 2×2 block of outputs, by its own part of the kernel."""
    batch, height, width, channels = inputs.shape
    # An output in row a of its block meets the inputs above and below it with the
    # kernel's rows 1 − a and 3 − a: hence the reversal of the rows in a block.
    kernel = kernel.reshape(2, 2, 2, 2, channels, -1)[:, ::-1, :, ::-1]
    kernel = kernel.transpose(0, 2, 4, 1, 3, 5).reshape(4 * channels, -1)
    blocks = _patches(jnp.pad(inputs, _RING)) @ kernel
    blocks = blocks.reshape(batch, height + 1, width + 1, 2, 2, -1).transpose(0, 1, 3, 2, 4, 5)
    return blocks.reshape(batch, 2 * height + 2, 2 * width + 2, -1)[:, 1:-1, 1:-1]


def _patches(inputs: jax.Array) -> jax.Array:
    """Gathers every 2×2 patch: `(n, h, w, c)` to `(n, h − 1, w − 1, 4c)`."""
    _, height, width, _ = inputs.shape
    corners = [inputs[:, i : height - 1 + i, j : width - 1 + j] for i in range(2) for j in range(2)]
    return jnp.concatenate(corners, axis=-1)
