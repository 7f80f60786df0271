"""Layers that the networks share: dense, convolution, BatchNorm and dropout.

Parameters and statistics are always float32. `dtype` is the dtype of matrix products and
activations. BatchNorm, spectral normalization, logits and images are float32.
"""

import functools
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx
from jax import lax

from minmax_jax.gan.networks import _batch_norm, _convolution
from minmax_jax.gan.networks._affine import Affine
from minmax_jax.gan.networks._platform import on_cpu
from minmax_jax.gan.networks._pure import Network, purify
from minmax_jax.gan.networks._statistic import Statistic

Initializer = Callable[..., jax.Array]
"""`init(key, shape, dtype) -> array`."""

LECUN: Initializer = nnx.initializers.lecun_normal()
HE: Initializer = nnx.initializers.he_normal()

SLOPE = 0.2
"""Slope of leaky ReLU below zero, as in DCGAN."""


def leaky_relu(hidden: jax.Array) -> jax.Array:
    """Applies leaky ReLU with slope `SLOPE`."""
    return nnx.leaky_relu(hidden, SLOPE)


class Layers(NamedTuple):
    """Creates the layers of a network.

    Attributes:
      rngs: Source of the initial values.
      axis_name: Mapped axis over which BatchNorm is synchronized.
      dtype: Dtype of matrix products and activations.
      spectral_norm: Whether to divide dense layers and convolutions by their largest singular
        value.
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
        """Creates a dense layer, by default with LeCun's normal initialization."""
        key = self.rngs.params()
        if use_bias:
            # nnx.Linear uses one key for the zeros of the bias. Skipping it keeps the initial
            # values of earlier versions.
            self.rngs.params()
        kernel = init(key, (inputs, outputs), jnp.float32)
        return self._affine(jnp.matmul, kernel, use_bias)

    def convolution(
        self,
        inputs: int,
        outputs: int,
        *,
        size: int = 3,
        linear_fn: Callable[[jax.Array, jax.Array], jax.Array] = _convolution.convolve,
        init: Initializer = HE,
        use_bias: bool = True,
        kernel_fn: Callable[[jax.Array], jax.Array] | None = None,
    ) -> Affine:
        """Creates a convolution with a `size × size` kernel, by default with He's initialization.

        `linear_fn` is a function of `_convolution`, by default a convolution at stride 1. It
        receives `kernel_fn(kernel)`, by default the kernel.
        """
        kernel = init(self.rngs.params(), (size, size, inputs, outputs), jnp.float32)
        return self._affine(linear_fn, kernel, use_bias, kernel_fn)

    def pixelwise(self, sides: tuple[int, int], channels: int, *, init: Initializer) -> Affine:
        """Creates a layer that sums the weighted pixels of a channel: `(n, h, w, c)` to `(n, c)`.

        Args:
          sides: Height and width of the inputs.
          channels: Number of channels.
          init: Initializer of the weights, `(height, width, channels)`. There is no bias.
        """
        kernel = init(self.rngs.params(), (*sides, channels), jnp.float32)
        return self._affine(functools.partial(jnp.einsum, "nhwc,hwc->nc"), kernel, use_bias=False)

    def norm(self, channels: int) -> "BatchNorm":
        """Creates a BatchNorm that is synchronized over devices."""
        return BatchNorm(channels, self.axis_name, self.rngs)

    def _affine(
        self,
        linear_fn: Callable[..., jax.Array],
        kernel: jax.Array,
        use_bias: bool,
        kernel_fn: Callable[[jax.Array], jax.Array] | None = None,
    ) -> Affine:
        key = self.rngs.params() if self.spectral_norm else None
        return Affine(
            linear_fn,
            kernel,
            use_bias=use_bias,
            spectral_key=key,
            dtype=self.dtype,
            kernel_fn=kernel_fn,
        )


class BatchNorm(nnx.BatchNorm):
    """BatchNorm in float32 whose running statistics have a decay rate of 0.9 per batch.

    With `affine=False`, it has neither scale nor bias.

    The variance is computed around the mean. The one-pass form E x² − (E x)² would lose the
    small variance of a narrow network's first layer to cancellation: with it, the parameters
    on 8 devices and on one device differ by 1.6e-4 after five steps of sgda, without it by 4e-9.
    """

    def __init__(
        self, channels: int, axis_name: str | None, rngs: nnx.Rngs, *, affine: bool = True
    ) -> None:
        super().__init__(
            channels,
            momentum=0.9,
            use_fast_variance=False,
            axis_name=axis_name,
            use_scale=affine,
            use_bias=affine,
            rngs=rngs,
        )
        self.mean, self.var = Statistic(self.mean[...]), Statistic(self.var[...])
        self.parts = 1  # Number of batches, one after the other, in one call. See `Network`.

    def __call__(self, inputs: jax.Array, *, train: bool) -> jax.Array:
        """Normalizes by the batch in training, otherwise by the running statistics."""
        if inputs.dtype != jnp.float64:
            inputs = inputs.astype(jnp.float32)
        if not train or on_cpu():
            return super().__call__(inputs, use_running_average=not train)
        axis_name: Any = self.axis_name
        options = _batch_norm.Options(self.parts, axis_name, self.epsilon)
        scale = jnp.ones(inputs.shape[-1]) if self.scale is None else self.scale[...]
        bias = jnp.zeros(inputs.shape[-1]) if self.bias is None else self.bias[...]
        outputs, *found = _batch_norm.normalize(options, inputs, scale, bias)
        for running, parts in zip((self.mean, self.var), found, strict=True):
            for value in lax.stop_gradient(parts):
                running[...] = 0.9 * running[...] + 0.1 * value.astype(jnp.float32)
        return outputs


def dropout(hidden: jax.Array, rate: float, *, train: bool, keys: Any, layer: int) -> jax.Array:
    """Sets elements to zero with probability `rate` in training, and scales up the others.

    Args:
      hidden: Activations, `(batch, ...)`.
      rate: Probability of zero, in [0, 1).
      train: Whether to apply dropout at all.
      keys: One PRNG key per example, `(batch,)`.
      layer: Index of this dropout in the network. Each index gives other masks.
    """
    if not train:
        return hidden

    def mask(key: jax.Array) -> jax.Array:
        return jax.random.bernoulli(jax.random.fold_in(key, layer), 1.0 - rate, hidden.shape[1:])

    return jnp.where(jax.vmap(mask)(keys), hidden / (1.0 - rate), jnp.zeros((), hidden.dtype))


def numbered(layers: Iterable[nnx.Module]) -> nnx.Dict:
    """Returns the layers under the names `level0`, `level1`, …, which name their parameters."""
    levels = nnx.Dict()
    for i, layer in enumerate(layers):
        levels[f"level{i}"] = layer
    return levels


def in_order(levels: nnx.Dict) -> Iterator[Any]:
    """Yields the layers of `numbered` in their order."""
    return (levels[f"level{i}"] for i in range(len(levels)))


def purify_pair(
    generator: Callable[[Layers], nnx.Module],
    discriminator: Callable[[Layers], nnx.Module],
    layers: Layers,
) -> tuple[Network, Network]:
    """Creates both networks. Spectral normalization applies to the discriminator only.

    Only layers of `layers` may couple the examples of a batch. See `one_pass` of `purify`.
    """
    plain = layers._replace(spectral_norm=False)
    return purify(generator(plain), one_pass=True), purify(discriminator(layers), one_pass=True)
