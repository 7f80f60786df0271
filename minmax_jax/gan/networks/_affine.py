"""Affine layers with optional spectral normalization."""

import contextlib
import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jax import lax

from minmax_jax.gan.networks._channels import add_bias, is_zero
from minmax_jax.gan.networks._platform import on_cpu, product_precision
from minmax_jax.gan.networks._statistic import Statistic

LinearFn = Callable[[jax.Array, jax.Array], jax.Array]
"""Function that is linear in the inputs and in the kernel."""


class Affine(nnx.Module):
    """A layer `linear_fn(inputs, kernel) + bias`, optionally with spectral normalization.

    Args:
      linear_fn: Function that is linear in the inputs and in the kernel.
      kernel: Initial kernel. Its last axis has the outputs.
      use_bias: Whether to add a bias, which starts at zero.
      spectral_key: PRNG key of the first singular vector, or None for no spectral
        normalization.
      dtype: Dtype of the arithmetic.
      kernel_fn: Linear function of the kernel, whose value `linear_fn` receives. Default: the
        kernel itself.

    Attributes:
      parts: Number of batches, one after the other, in one call. See `Network`.
      frozen_parts: Number of batches whose outputs are constants in derivatives.
    """

    def __init__(
        self,
        linear_fn: LinearFn,
        kernel: jax.Array,
        *,
        use_bias: bool,
        spectral_key: jax.Array | None,
        dtype: Any,
        kernel_fn: Callable[[jax.Array], jax.Array] | None = None,
    ) -> None:
        self.linear_fn, self.dtype, self.kernel_fn = linear_fn, dtype, kernel_fn
        self.parts, self.frozen_parts = 1, 0
        self.kernel = nnx.Param(kernel)
        self.bias = nnx.Param(jnp.zeros(kernel.shape[-1], jnp.float32)) if use_bias else None
        self.singular = (
            None if spectral_key is None else Statistic(random_unit(spectral_key, kernel))
        )

    def __call__(self, inputs: jax.Array, *, train: bool) -> jax.Array:
        """Applies the layer to `parts` batches.

        In training, spectral normalization makes one power iteration per batch.
        """
        kernel = self.kernel[...]
        together = train and self.parts > 1
        if self.singular is not None and not together:
            kernel = kernel / singular_value(kernel, self.singular, train)
        used = kernel if self.kernel_fn is None else self.kernel_fn(kernel)
        outputs = self._linear(inputs.astype(self.dtype), used.astype(self.dtype))
        if self.singular is not None and together:
            outputs = self._divided(outputs, kernel, self.singular)
        if self.bias is None:
            return outputs
        bias = self.bias[...].astype(self.dtype)
        return outputs + bias if on_cpu() else add_bias(outputs, bias)

    def _linear(self, inputs: jax.Array, kernel: jax.Array) -> jax.Array:
        if not self.frozen_parts:
            return self.linear_fn(inputs, kernel)
        first = len(inputs) // self.parts * self.frozen_parts
        precision = product_precision()
        return _linear_from(self.linear_fn, first, precision, inputs, kernel)

    def _divided(self, outputs: jax.Array, kernel: jax.Array, singular: nnx.BatchStat) -> jax.Array:
        """Divides each batch of outputs by a new estimate of the largest singular value."""
        values = [singular_value(kernel, singular, True) for _ in range(self.parts)]
        parts = outputs.reshape(self.parts, -1, *outputs.shape[1:])
        divisor = jnp.stack(values).reshape(-1, *[1] * outputs.ndim)
        # The quotient is rounded once, also if the products are narrower than the divisor.
        wide = jnp.float64 if self.dtype == jnp.float64 else jnp.float32
        divided = parts.astype(wide) / divisor.astype(wide)
        return divided.astype(self.dtype).reshape(outputs.shape)


@functools.partial(jax.custom_jvp, nondiff_argnums=(0, 1, 2))
def _linear_from(
    linear_fn: LinearFn, first: int, precision: Any, inputs: jax.Array, kernel: jax.Array
) -> jax.Array:
    """Applies `linear_fn`. The outputs before index `first` are constants in derivatives.

    Without this rule, derivatives would compute the products of zeros there.
    """
    return linear_fn(inputs, kernel)


def _linear_from_jvp(
    linear_fn: LinearFn, first: int, precision: Any, primals: Any, tangents: Any
) -> tuple[jax.Array, jax.Array]:
    (inputs, kernel), (moved, moved_kernel) = primals, tangents
    # JAX may call this rule outside of the context in which the layer was called.
    with jax.default_matmul_precision(precision) if precision else contextlib.nullcontext():
        outputs = _linear_from(linear_fn, first, precision, inputs, kernel)
        terms = []
        if not is_zero(moved):
            terms.append(linear_fn(moved[first:], kernel))
        if not is_zero(moved_kernel):
            terms.append(linear_fn(inputs[first:], moved_kernel))
    tangent = sum(terms[1:], terms[0])
    return outputs, jnp.pad(tangent, ((first, 0), *[(0, 0)] * (tangent.ndim - 1)))


_linear_from.defjvp(_linear_from_jvp, symbolic_zeros=True)


def singular_value(kernel: jax.Array, singular: nnx.BatchStat, train: bool) -> jax.Array:
    """Estimates the largest singular value as `vᵀ W u`, with u and v constant.

    W is the kernel as an inputs × outputs matrix. In training, u takes one power iteration. All
    devices have the same kernel and the same u, so u stays the same on all of them.

    References:
      Miyato, Kataoka, Koyama, Yoshida, `Spectral normalization for generative adversarial
      networks <https://arxiv.org/abs/1802.05957>`_, 2018, Algorithm 1.
    """
    matrix = kernel.reshape(-1, kernel.shape[-1])
    fixed, u = lax.stop_gradient((matrix, singular[...]))
    v = _unit(_product(fixed, u))
    if train:
        u = _unit(_product(v, fixed))
        singular[...] = u
    return _product(_product(v, matrix), u)


def _product(a: jax.Array, b: jax.Array) -> jax.Array:
    """Returns `a @ b`. By default, accelerators would round the factors of float32 products."""
    return jnp.matmul(a, b, precision=lax.Precision.HIGHEST)


def random_unit(key: jax.Array, kernel: jax.Array) -> jax.Array:
    return _unit(jax.random.normal(key, (kernel.shape[-1],), jnp.float32))


def _unit(vector: jax.Array) -> jax.Array:
    norm = jnp.linalg.norm(vector)
    return vector / jnp.where(norm == 0, 1.0, norm)
