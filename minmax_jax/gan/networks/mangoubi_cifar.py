"""The CIFAR-10 networks of Mangoubi, Sachdeva, Vishnoi: convolutions without BatchNorm.

Generator: dense to an eighth of the side with 4w channels, three transposed 4×4 convolutions of
stride 2 to 2w channels, a 3×3 convolution, tanh. Discriminator: convolutions to w, 2w, 2w and 4w
channels, each halving the side, dropout 0.4, dense to one logit. Leaky ReLU of slope 0.2
throughout. Theirs: w = 64, latent dimension 100, on 32×32 images.

Of the discriminator, channels, stride and rates are known. That its kernels are 3×3 and that the
one dropout stands before the dense layer is recalled, not checked; a tutorial's network that agrees
in all else has a first convolution of stride 1 (`first_stride`).

References:
  Mangoubi, Sachdeva, Vishnoi, `A provably convergent and practical algorithm for min-max
  optimization with applications to GANs <https://arxiv.org/abs/2006.12376>`_, 2020, and the
  code that its authors published.
"""

import functools
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from minmax_jax.gan.networks import _convolution
from minmax_jax.gan.networks._layers import Layers, dropout
from minmax_jax.gan.networks._pure import Network, purify

SLOPE = 0.2
"""Slope of leaky ReLU below zero."""
DROPOUT = 0.4
"""Share of the discriminator's last activations that is dropped in training."""


class Generator(nnx.Module):
    """Latents `(batch, latent_dim)` to images `(batch, *shape)` in (−1, 1)."""

    def __init__(self, shape: tuple[int, ...], latent_dim: int, width: int, layers: Layers) -> None:
        self.base = (shape[0] // 8, shape[1] // 8, 4 * width)
        channels = (4 * width, 2 * width, 2 * width, 2 * width)
        self.dense = layers.dense(latent_dim, self.base[0] * self.base[1] * self.base[2])
        self.double = nnx.Dict()
        for i in range(3):
            self.double[f"level{i}"] = layers.convolution(
                channels[i], channels[i + 1], size=4, rule=_convolution.double
            )
        self.last = layers.convolution(channels[3], shape[2])

    def __call__(self, latents: jax.Array, *, train: bool) -> jax.Array:
        """Maps latents to images."""
        hidden = nnx.leaky_relu(self.dense(latents, train=train), SLOPE).reshape(-1, *self.base)
        for i in range(3):
            hidden = nnx.leaky_relu(self.double[f"level{i}"](hidden, train=train), SLOPE)
        return jnp.tanh(self.last(hidden, train=train).astype(jnp.float32))


class Discriminator(nnx.Module):
    """Images `(batch, *shape)` to logits `(batch,)`."""

    def __init__(
        self, shape: tuple[int, ...], width: int, first_stride: int, layers: Layers
    ) -> None:
        channels = (shape[2], width, 2 * width, 2 * width, 4 * width)
        self.halve = nnx.Dict()
        for i in range(4):
            stride = 2 if i else first_stride
            rule = functools.partial(_convolution.convolve, stride=stride)
            self.halve[f"level{i}"] = layers.convolution(channels[i], channels[i + 1], rule=rule)
        last = [-(-side // (8 * first_stride)) for side in shape[:2]]
        self.dense = layers.dense(last[0] * last[1] * channels[4], 1)

    def __call__(self, inputs: jax.Array, *, train: bool, keys: Any = None) -> jax.Array:
        """Maps images to logits; `keys`, one for each example, decide what is dropped."""
        hidden = inputs
        for i in range(4):
            hidden = nnx.leaky_relu(self.halve[f"level{i}"](hidden, train=train), SLOPE)
        hidden = hidden.reshape(len(hidden), -1)
        hidden = dropout(hidden, DROPOUT, train=train, keys=keys, layer=0)
        return self.dense(hidden, train=train)[:, 0].astype(jnp.float32)


def mangoubi_cifar(
    sample_shape: tuple[int, ...],
    *,
    latent_dim: int,
    width: int,
    rngs: nnx.Rngs,
    axis_name: str | None = None,
    first_stride: int = 2,
    **form: Any,
) -> tuple[Network, Network]:
    """Returns generator and discriminator for images whose sides are divisible by 8.

    Args:
      sample_shape: `(height, width, channels)`.
      latent_dim: numbers in one latent vector.
      width: w, channels of the discriminator's first layer.
      rngs: source of the initial values.
      axis_name: mapped axis over which BatchNorm is synchronised.
      first_stride: of the discriminator's first convolution, 1 or 2.
      **form: `dtype` and `spectral_norm` of `Layers`; the latter is the discriminator's.

    Raises:
      ValueError: for vectors and for other sides.
    """
    if len(sample_shape) != 3 or sample_shape[0] % 8 or sample_shape[1] % 8:
        raise ValueError(
            "mangoubi_cifar makes images (height, width, channels) with sides divisible by 8, got "
            f"shape {tuple(sample_shape)}; resize the images or use the network dcgan or mlp."
        )
    layers = Layers(rngs, axis_name, **form)
    plain = layers._replace(spectral_norm=False)
    return (
        purify(Generator(sample_shape, latent_dim, width, plain)),
        purify(Discriminator(sample_shape, width, first_stride, layers)),
    )
