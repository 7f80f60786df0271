"""The forms of a grouped convolution, with its derivatives, compiled for an H100."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from minmax_jax.gan.networks import _grouped
from tests.gpu_ahead import compiling, counting

FORMS = {"lax": _grouped.by_lax, "products": _grouped.by_products}

SHAPE, GROUP = (64, 32, 32, 256), 16
"""Shape of the images, and number of channels per group: R3GAN of width 128 at 32 pixels."""


def count_grouped(form: str, dtype: str = "bfloat16") -> counting.Counts:
    """Compiles a convolution, its gradient and the gradient of a penalty, and counts them."""
    inputs = jax.ShapeDtypeStruct(SHAPE, dtype)
    kernel = jax.ShapeDtypeStruct((3, 3, GROUP, SHAPE[-1]), dtype)
    program = compiling.compile_for_h100(_derivatives(FORMS[form]), inputs, kernel, inputs)
    return counting.count(program.as_text())


def _derivatives(convolve: Callable[..., jax.Array]) -> Callable[..., Any]:
    def penalty(inputs: jax.Array, kernel: jax.Array, cotangent: jax.Array) -> jax.Array:
        slope = jax.vjp(convolve, inputs, kernel)[1](cotangent)[0]
        return jnp.sum(jnp.square(slope.astype(jnp.float32)))

    def derivatives(inputs: jax.Array, kernel: jax.Array, cotangent: jax.Array) -> Any:
        outputs, pull = jax.vjp(convolve, inputs, kernel)
        penalized = jax.grad(penalty, argnums=(1, 2))(inputs, kernel, cotangent)
        return outputs, pull(cotangent), penalized

    return derivatives
