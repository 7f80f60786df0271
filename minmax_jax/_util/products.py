"""Matrix products whose accuracy a method relies on."""

import functools

import jax
import jax.numpy as jnp
from jax import lax

FULL = lax.Precision.HIGHEST
"""Precision of float32 products that need all their digits. By default, accelerators round the
factors: GPUs to TensorFloat-32 (a relative error of 5e-4), TPUs to bfloat16 (4e-3)."""


def product(*factors: jax.Array) -> jax.Array:
    """Returns the matrix product of the factors, from left to right, in full precision."""
    return functools.reduce(functools.partial(jnp.matmul, precision=FULL), factors)


def contract(a: jax.Array, b: jax.Array, num_axes: int) -> jax.Array:
    """Sums over the last axes of `a` and the first axes of `b`, in full precision."""
    return jnp.tensordot(a, b, num_axes, precision=FULL)
