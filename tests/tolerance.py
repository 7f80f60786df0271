"""Tolerances that follow the precision of the machine's matrix products."""

import functools

import jax.numpy as jnp


def product_tolerance(exact, rounded):
    """Returns `exact` where float32 products keep all digits of their factors, else `rounded`.

    By default, GPUs round the factors to TensorFloat-32, with a relative error of 5e-4, and TPUs
    to bfloat16. Use this for networks, which follow JAX's setting. Products that a test itself
    needs should ask for `precision="highest"` instead. On a CPU,
    `JAX_DEFAULT_MATMUL_PRECISION=F16_F16_F16` rounds like a GPU.
    """
    return exact if products_are_exact() else rounded


@functools.cache
def products_are_exact():
    """Multiplies numbers that TensorFloat-32 cannot represent by one."""
    numbers = jnp.full((64, 64), 1 + 2**-12, jnp.float32)
    return bool(jnp.all(numbers @ jnp.eye(64, dtype=jnp.float32) == numbers))
