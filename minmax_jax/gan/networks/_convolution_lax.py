"""Convolutions of XLA, in forms that cuDNN computes fast.

cuDNN has three kinds of convolutions: forward, gradient by the inputs and gradient by the kernel.
XLA recognizes them from the operands. The transposed convolution here is written as the gradient
by the inputs of `halve`, and its derivative by the kernel such that reverse mode computes the
gradient by the kernel of `halve`. With JAX's own rule, reverse mode would compute a forward
convolution with a reversed window of the size of the image, which runs on few thread blocks.
"""

import functools
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from minmax_jax.gan.networks._channels import is_zero
from minmax_jax.gan.networks._platform import product_precision

LAYOUT = ("NHWC", "HWIO", "NHWC")
_PAD_ONE = ((0, 0), (1, 1), (1, 1), (0, 0))

FEW = 4
"""Number of output channels up to which `double` is computed by a convolution at stride 1."""


def convolve(inputs: jax.Array, kernel: jax.Array, stride: int) -> jax.Array:
    """Convolves with zero padding, as `_convolution.convolve`."""
    return lax.conv_general_dilated(
        inputs, kernel, (stride, stride), "SAME", dimension_numbers=LAYOUT
    )


def halve(inputs: jax.Array, kernel: jax.Array) -> jax.Array:
    """Convolves a 4×4 kernel at stride 2, as `_convolution.halve`."""
    return lax.conv_general_dilated(
        inputs, kernel, (2, 2), ((1, 1), (1, 1)), dimension_numbers=LAYOUT
    )


def double(inputs: jax.Array, kernel: jax.Array) -> jax.Array:
    """Applies a transposed 4×4 convolution at stride 2, as `_convolution.double`."""
    if kernel.shape[-1] <= FEW:
        return double_by_subpixels(inputs, kernel)
    precision = product_precision()
    return double_by_transpose(precision, inputs, kernel)


@functools.partial(jax.custom_jvp, nondiff_argnums=(0,))
def double_by_transpose(precision: Any, inputs: jax.Array, kernel: jax.Array) -> jax.Array:
    """Computes `double` as the transpose of `halve`.

    Args:
      precision: Precision of the products. JAX may trace the rule outside of the context in which
        the function was called.
      inputs: `(n, h, w, c)`.
      kernel: `(4, 4, c, o)`.
    """
    return lax.conv_transpose(
        inputs,
        _flip(kernel),
        (2, 2),
        "SAME",
        dimension_numbers=LAYOUT,
        transpose_kernel=True,
        precision=precision,
    )


def _double_jvp(precision: Any, primals: Any, tangents: Any) -> tuple[jax.Array, Any]:
    inputs, kernel = primals
    moved, moved_kernel = tangents
    outputs = double_by_transpose(precision, inputs, kernel)
    tangent = None if is_zero(moved) else double_by_transpose(precision, moved, kernel)
    if not is_zero(moved_kernel):
        by_kernel = _transposed_by_kernel(precision, inputs, moved_kernel)
        tangent = by_kernel if tangent is None else tangent + by_kernel
    return outputs, tangent


double_by_transpose.defjvp(_double_jvp, symbolic_zeros=True)


def _transposed_by_kernel(precision: Any, inputs: jax.Array, kernel: jax.Array) -> jax.Array:
    """Computes `double` such that its transpose by the kernel is the kernel gradient of `halve`."""
    batch, height, width, _ = inputs.shape

    def backward_filter(images: jax.Array) -> jax.Array:
        return lax.conv_general_dilated(
            images,
            inputs,
            (1, 1),
            ((1, 1), (1, 1)),
            rhs_dilation=(2, 2),
            dimension_numbers=("CHWN", "IHWO", "HWNC"),
            precision=precision,
        )

    shape = (batch, 2 * height, 2 * width, kernel.shape[-1])
    images = jax.ShapeDtypeStruct(shape, inputs.dtype)
    return jax.linear_transpose(backward_filter, images)(_flip(kernel))[0]


def _flip(kernel: jax.Array) -> jax.Array:
    """Converts a kernel of `double` to the kernel of `halve` whose transpose `double` is."""
    return kernel[::-1, ::-1].swapaxes(2, 3)


def double_by_subpixels(inputs: jax.Array, kernel: jax.Array) -> jax.Array:
    """Computes `double` as one convolution from 2×2 patches to 2×2 blocks.

    XLA does not recognize the transpose of a convolution with one channel. The padding is behind
    a barrier, because XLA would make it part of the convolution and reverse the window again.
    """
    batch, height, width, _ = inputs.shape
    padded = lax.optimization_barrier(jnp.pad(inputs, _PAD_ONE))
    blocks = lax.conv_general_dilated(
        padded, subpixel_kernel(kernel), (1, 1), "VALID", dimension_numbers=LAYOUT
    )
    return interleave(blocks, (batch, 2 * height, 2 * width))


def subpixel_kernel(kernel: jax.Array) -> jax.Array:
    """Converts a kernel of `double` to one from patches to blocks, `(2, 2, c, 4o)`.

    An output in row a of its block combines the inputs above and below it with rows 1 − a and
    3 − a of the kernel, so the rows of a block are reversed.
    """
    channels = kernel.shape[2]
    kernel = kernel.reshape(2, 2, 2, 2, channels, -1)[:, ::-1, :, ::-1]
    return kernel.transpose(0, 2, 4, 1, 3, 5).reshape(2, 2, channels, -1)


def interleave(blocks: jax.Array, shape: tuple[int, int, int]) -> jax.Array:
    """Arranges 2×2 blocks, each around a corner of four input pixels, into `(n, 2h, 2w, o)`."""
    batch, rows, columns, _ = blocks.shape
    blocks = blocks.reshape(batch, rows, columns, 2, 2, -1).transpose(0, 1, 3, 2, 4, 5)
    return blocks.reshape(batch, 2 * rows, 2 * columns, -1)[:, 1 : shape[1] + 1, 1 : shape[2] + 1]
