"""The layers that the networks share: dense, convolutions, BatchNorm, dropout.

Parameters and statistics are float32 whatever the arithmetic: `dtype` is that of products
and activations. BatchNorm, spectral normalisation, logits and images are float32.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx
from jax import lax

from minmax_jax.gan.networks import _convolution

Initializer = Callable[..., jax.Array]
"""`init(key, shape, dtype) -> array`."""

LECUN: Initializer = nnx.initializers.lecun_normal()
HE: Initializer = nnx.initializers.he_normal()


class Affine(nnx.Module):
    """`rule(inputs, kernel) + bias`; if asked, the kernel over its largest singular value.

    Args:
      rule: linear in inputs and in kernel.
      kernel: its initial value; the last axis are the outputs.
      use_bias: whether there is a bias, zero at first.
      spectral_key: source of the first singular vector; None: no spectral normalisation.
      dtype: of the arithmetic.
    """

    def __init__(
        self,
        rule: Callable[[jax.Array, jax.Array], jax.Array],
        kernel: jax.Array,
        *,
        use_bias: bool,
        spectral_key: jax.Array | None,
        dtype: Any,
    ) -> None:
        self.rule, self.dtype = rule, dtype
        self.kernel = nnx.Param(kernel)
        self.bias = nnx.Param(jnp.zeros(kernel.shape[-1], jnp.float32)) if use_bias else None
        self.singular = (
            None if spectral_key is None else nnx.BatchStat(_start(spectral_key, kernel))
        )

    def __call__(self, inputs: jax.Array, *, train: bool) -> jax.Array:
        """Applies the layer; `train` takes one step of the power iteration."""
        kernel = self.kernel[...]
        if self.singular is not None:
            kernel = kernel / self._sigma(kernel, train)
        outputs = self.rule(inputs.astype(self.dtype), kernel.astype(self.dtype))
        return outputs if self.bias is None else outputs + self.bias[...].astype(self.dtype)

    def _sigma(self, kernel: jax.Array, train: bool) -> jax.Array:
        """Returns `vᵀ W u`, u and v constant: one power iteration on W, inputs × outputs.

        u is kept: one step in each training application, none in use. All devices see the
        same kernel and the same u, so that u stays the same on all.

        References:
          Miyato, Kataoka, Koyama, Yoshida, `Spectral normalization for generative adversarial
          networks <https://arxiv.org/abs/1802.05957>`_, 2018, Algorithm 1.
        """
        assert self.singular is not None
        matrix = kernel.reshape(-1, kernel.shape[-1])
        fixed, u = lax.stop_gradient((matrix, self.singular[...]))
        v = _unit(fixed @ u)
        if train:
            u = _unit(v @ fixed)
            self.singular[...] = u
        return v @ matrix @ u


def _start(key: jax.Array, kernel: jax.Array) -> jax.Array:
    return _unit(jax.random.normal(key, (kernel.shape[-1],), jnp.float32))


def _unit(vector: jax.Array) -> jax.Array:
    norm = jnp.linalg.norm(vector)
    return vector / jnp.where(norm == 0, 1.0, norm)


class Layers(NamedTuple):
    """Makes layers, for one network.

    Attributes:
      rngs: source of the initial values.
      axis_name: mapped axis over which BatchNorm is synchronised.
      dtype: of products and activations.
      spectral_norm: whether dense layers and convolutions are divided by their largest
        singular value.
    """

    rngs: nnx.Rngs
    axis_name: str | None = None
    dtype: Any = jnp.float32
    spectral_norm: bool = False

    def dense(
        self,
        inputs: int,
        outputs: int,
        *,
        init: Initializer = LECUN,
        use_bias: bool = True,
    ) -> Affine:
        """Returns a dense layer, of Lecun's normal initial values by default."""
        key = self.rngs.params()
        if use_bias:
            self.rngs.params()  # nnx.Linear draws its zeros from one: seeds keep their meaning
        kernel = init(key, (inputs, outputs), jnp.float32)
        return self._affine(jnp.matmul, kernel, use_bias)

    def convolution(
        self,
        inputs: int,
        outputs: int,
        *,
        size: int = 3,
        rule: Callable[[jax.Array, jax.Array], jax.Array] = _convolution.convolve,
        init: Initializer = HE,
        use_bias: bool = True,
    ) -> Affine:
        """Returns a convolution by a `size × size` kernel, with He's initial values by default."""
        kernel = init(self.rngs.params(), (size, size, inputs, outputs), jnp.float32)
        return self._affine(rule, kernel, use_bias)

    def norm(self, channels: int) -> "BatchNorm":
        """Returns a BatchNorm, synchronised over devices."""
        return BatchNorm(channels, self.axis_name, self.rngs)

    def _affine(self, rule: Callable[..., jax.Array], kernel: jax.Array, use_bias: bool) -> Affine:
        key = self.rngs.params() if self.spectral_norm else None
        return Affine(rule, kernel, use_bias=use_bias, spectral_key=key, dtype=self.dtype)


class BatchNorm(nnx.BatchNorm):
    """BatchNorm in float32 whose running statistics keep 0.9 of themselves in a batch.

    The variance is taken about the mean. The one-pass form E x² − (E x)² loses the small
    spread of a narrow network's first layer to cancellation: after five steps of sgda, 8
    devices stood 1.6e-4 from one with it, 4e-9 without.
    """

    def __init__(self, channels: int, axis_name: str | None, rngs: nnx.Rngs) -> None:
        super().__init__(
            channels, momentum=0.9, use_fast_variance=False, axis_name=axis_name, rngs=rngs
        )

    def __call__(self, inputs: jax.Array, *, train: bool) -> jax.Array:
        """Normalises by the batch in training, by the running statistics in use."""
        return super().__call__(inputs.astype(jnp.float32), use_running_average=not train)


def dropout(hidden: jax.Array, rate: float, *, train: bool, keys: Any, layer: int) -> jax.Array:
    """Sets a share `rate` of the numbers to zero in training and scales up the others.

    Args:
      hidden: `(batch, ...)`.
      rate: share that is dropped, in [0, 1).
      train: nothing happens without it.
      keys: one PRNG key for each example, `(batch,)`.
      layer: which dropout of the network this is: each draws a mask of its own.
    """
    if not train:
        return hidden

    def mask(key: jax.Array) -> jax.Array:
        return jax.random.bernoulli(jax.random.fold_in(key, layer), 1.0 - rate, hidden.shape[1:])

    return jnp.where(jax.vmap(mask)(keys), hidden / (1.0 - rate), jnp.zeros((), hidden.dtype))
