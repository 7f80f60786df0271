"""Affine layers with optional spectral normalization."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jax import lax


class Affine(nnx.Module):
    """A layer `linear_fn(inputs, kernel) + bias`, optionally with spectral normalization.

    Args:
      linear_fn: Function that is linear in the inputs and in the kernel.
      kernel: Initial kernel. Its last axis has the outputs.
      use_bias: Whether to add a bias, which starts at zero.
      spectral_key: PRNG key of the first singular vector, or None for no spectral
        normalization.
      dtype: Dtype of the arithmetic.
    """

    def __init__(
        self,
        linear_fn: Callable[[jax.Array, jax.Array], jax.Array],
        kernel: jax.Array,
        *,
        use_bias: bool,
        spectral_key: jax.Array | None,
        dtype: Any,
    ) -> None:
        self.linear_fn, self.dtype = linear_fn, dtype
        self.kernel = nnx.Param(kernel)
        self.bias = nnx.Param(jnp.zeros(kernel.shape[-1], jnp.float32)) if use_bias else None
        self.singular = (
            None if spectral_key is None else nnx.BatchStat(_random_unit(spectral_key, kernel))
        )

    def __call__(self, inputs: jax.Array, *, train: bool) -> jax.Array:
        """Applies the layer. In training, spectral normalization takes one power iteration."""
        kernel = self.kernel[...]
        if self.singular is not None:
            kernel = kernel / _singular_value(kernel, self.singular, train)
        outputs = self.linear_fn(inputs.astype(self.dtype), kernel.astype(self.dtype))
        return outputs if self.bias is None else outputs + self.bias[...].astype(self.dtype)


def _singular_value(kernel: jax.Array, singular: nnx.BatchStat, train: bool) -> jax.Array:
    """Estimates the largest singular value as `vᵀ W u`, with u and v constant.

    W is the kernel as an inputs × outputs matrix. In training, u takes one power iteration. All
    devices have the same kernel and the same u, so u stays the same on all of them.

    References:
      Miyato, Kataoka, Koyama, Yoshida, `Spectral normalization for generative adversarial
      networks <https://arxiv.org/abs/1802.05957>`_, 2018, Algorithm 1.
    """
    matrix = kernel.reshape(-1, kernel.shape[-1])
    fixed, u = lax.stop_gradient((matrix, singular[...]))
    v = _unit(fixed @ u)
    if train:
        u = _unit(v @ fixed)
        singular[...] = u
    return v @ matrix @ u


def _random_unit(key: jax.Array, kernel: jax.Array) -> jax.Array:
    return _unit(jax.random.normal(key, (kernel.shape[-1],), jnp.float32))


def _unit(vector: jax.Array) -> jax.Array:
    norm = jnp.linalg.norm(vector)
    return vector / jnp.where(norm == 0, 1.0, norm)
