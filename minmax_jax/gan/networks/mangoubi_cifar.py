"""Networks of Keswani et al. for CIFAR-10, convolutional and without BatchNorm.

Generator: a dense layer to an eighth of the side with 4w channels; three transposed 4×4
convolutions of stride 2 to 2w channels; a 3×3 convolution; tanh. Discriminator: convolutions to
w, 2w, 2w and 4w channels, each halving the side; dropout 0.4; a dense layer to one logit. All
hidden layers have leaky ReLU of slope 0.2. The authors use w = 64 and latent dimension 100 on
32×32 images.

Not verified: that the discriminator's kernels are 3×3, and that its only dropout is before the
dense layer. Its channels, strides and dropout rate are checked. A tutorial's network that
otherwise agrees has stride 1 in the first convolution (`first_stride=1`).

References:
  Keswani, Mangoubi, Sachdeva, Vishnoi, `A convergent and dimension-independent min-max
  optimization algorithm <https://arxiv.org/abs/2006.12376>`_, 2022, and the code that its
  authors published.
"""

import functools
import itertools
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from minmax_jax.gan.networks import _convolution, _layers
from minmax_jax.gan.networks._layers import Layers
from minmax_jax.gan.networks._pure import Network

DROPOUT = 0.4
"""Dropout rate of the discriminator's last activations."""


class Generator(nnx.Module):
    """Maps latents `(batch, latent_dim)` to images `(batch, *shape)` in (−1, 1)."""

    def __init__(self, shape: tuple[int, ...], latent_dim: int, width: int, layers: Layers) -> None:
        self.base = (shape[0] // 8, shape[1] // 8, 4 * width)
        channels = (4 * width, 2 * width, 2 * width, 2 * width)
        self.dense = layers.dense(latent_dim, self.base[0] * self.base[1] * self.base[2])
        self.double = _layers.numbered(
            layers.convolution(inputs, outputs, size=4, linear_fn=_convolution.double)
            for inputs, outputs in itertools.pairwise(channels)
        )
        self.last = layers.convolution(channels[3], shape[2])

    def __call__(self, latents: jax.Array, *, train: bool) -> jax.Array:
        """Maps latents to images."""
        hidden = _layers.leaky_relu(self.dense(latents, train=train)).reshape(-1, *self.base)
        for layer in _layers.in_order(self.double):
            hidden = _layers.leaky_relu(layer(hidden, train=train))
        return jnp.tanh(self.last(hidden, train=train).astype(jnp.float32))


class Discriminator(nnx.Module):
    """Maps images `(batch, *shape)` to logits `(batch,)`."""

    def __init__(
        self, shape: tuple[int, ...], width: int, first_stride: int, layers: Layers
    ) -> None:
        channels = (shape[2], width, 2 * width, 2 * width, 4 * width)
        strides = (first_stride, 2, 2, 2)
        self.halve = _layers.numbered(
            layers.convolution(
                inputs, outputs, linear_fn=functools.partial(_convolution.convolve, stride=stride)
            )
            for (inputs, outputs), stride in zip(itertools.pairwise(channels), strides, strict=True)
        )
        last = [-(-side // (8 * first_stride)) for side in shape[:2]]
        self.dense = layers.dense(last[0] * last[1] * channels[4], 1)

    def __call__(self, inputs: jax.Array, *, train: bool, keys: Any = None) -> jax.Array:
        """Maps images to logits. `keys` has one PRNG key per example, for dropout."""
        hidden = inputs
        for layer in _layers.in_order(self.halve):
            hidden = _layers.leaky_relu(layer(hidden, train=train))
        hidden = hidden.reshape(len(hidden), -1)
        hidden = _layers.dropout(hidden, DROPOUT, train=train, keys=keys, layer=0)
        return self.dense(hidden, train=train)[:, 0].astype(jnp.float32)


def mangoubi_cifar(
    sample_shape: tuple[int, ...],
    *,
    latent_dim: int,
    width: int,
    rngs: nnx.Rngs,
    axis_name: str | None = None,
    first_stride: int = 2,
    **layer_options: Any,
) -> tuple[Network, Network]:
    """Creates a generator and a discriminator for images whose sides are divisible by 8.

    Args:
      sample_shape: `(height, width, channels)`.
      latent_dim: Dimension of the latent space.
      width: w, the number of channels of the discriminator's first layer.
      rngs: Source of the initial values.
      axis_name: Mapped axis over which BatchNorm is synchronized.
      first_stride: Stride of the discriminator's first convolution, 1 or 2.
      **layer_options: `dtype` and `spectral_norm` of `Layers`. Spectral normalization applies to
        the discriminator only.

    Raises:
      ValueError: If the examples are vectors, or a side is not divisible by 8.
    """
    if len(sample_shape) != 3 or sample_shape[0] % 8 or sample_shape[1] % 8:
        raise ValueError(
            "mangoubi_cifar makes images (height, width, channels) with sides divisible by 8, got "
            f"shape {tuple(sample_shape)}. Resize the images or use the network dcgan or mlp."
        )
    return _layers.purify_pair(
        functools.partial(Generator, sample_shape, latent_dim, width),
        functools.partial(Discriminator, sample_shape, width, first_stride),
        Layers(rngs, axis_name, **layer_options),
    )
