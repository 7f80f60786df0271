"""The MNIST networks of Mangoubi, Sachdeva, Vishnoi: perceptrons with dropout in the discriminator.

Generator: dense layers of w, 2w and 4w units with leaky ReLU of slope 0.2, tanh at the end.
Discriminator: its mirror, 4w, 2w and w units, with dropout 0.3 after each. Theirs: w = 256,
latent dimension 100. No BatchNorm.

References:
  Mangoubi, Sachdeva, Vishnoi, `A provably convergent and practical algorithm for min-max
  optimization with applications to GANs <https://arxiv.org/abs/2006.12376>`_, 2020, and the
  code that its authors published.
"""

import math
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from minmax_jax.gan.networks._layers import Layers, dropout
from minmax_jax.gan.networks._pure import Network, purify

SLOPE = 0.2
"""Slope of leaky ReLU below zero."""
DROPOUT = 0.3
"""Share of the discriminator's hidden units that is dropped in training."""


class Generator(nnx.Module):
    """Latents `(batch, latent_dim)` to examples `(batch, *shape)` in (−1, 1)."""

    def __init__(self, shape: tuple[int, ...], latent_dim: int, width: int, layers: Layers) -> None:
        sizes = (latent_dim, width, 2 * width, 4 * width)
        self.shape = shape
        self.dense = nnx.Dict()
        for i in range(3):
            self.dense[f"level{i}"] = layers.dense(sizes[i], sizes[i + 1])
        self.last = layers.dense(sizes[3], math.prod(shape))

    def __call__(self, latents: jax.Array, *, train: bool) -> jax.Array:
        """Maps latents to images."""
        hidden = latents
        for i in range(3):
            hidden = nnx.leaky_relu(self.dense[f"level{i}"](hidden, train=train), SLOPE)
        samples = self.last(hidden, train=train).astype(jnp.float32)
        return jnp.tanh(samples).reshape(-1, *self.shape)


class Discriminator(nnx.Module):
    """Examples `(batch, *shape)` to logits `(batch,)`."""

    def __init__(self, shape: tuple[int, ...], width: int, layers: Layers) -> None:
        sizes = (math.prod(shape), 4 * width, 2 * width, width)
        self.dense = nnx.Dict()
        for i in range(3):
            self.dense[f"level{i}"] = layers.dense(sizes[i], sizes[i + 1])
        self.last = layers.dense(sizes[3], 1)

    def __call__(self, inputs: jax.Array, *, train: bool, keys: Any = None) -> jax.Array:
        """Maps examples to logits; `keys`, one for each example, decide what is dropped."""
        hidden = inputs.reshape(len(inputs), -1)
        for i in range(3):
            hidden = nnx.leaky_relu(self.dense[f"level{i}"](hidden, train=train), SLOPE)
            hidden = dropout(hidden, DROPOUT, train=train, keys=keys, layer=i)
        return self.last(hidden, train=train)[:, 0].astype(jnp.float32)


def mangoubi_mnist(
    sample_shape: tuple[int, ...],
    *,
    latent_dim: int,
    width: int,
    rngs: nnx.Rngs,
    axis_name: str | None = None,
    **form: Any,
) -> tuple[Network, Network]:
    """Returns generator and discriminator for images of any size, in (−1, 1).

    Args:
      sample_shape: `(height, width, channels)`; `(d,)` works as well.
      latent_dim: numbers in one latent vector.
      width: w, units of the smallest hidden layer.
      rngs: source of the initial values.
      axis_name: mapped axis over which BatchNorm is synchronised.
      **form: `dtype` and `spectral_norm` of `Layers`; the latter is the discriminator's.
    """
    layers = Layers(rngs, axis_name, **form)
    plain = layers._replace(spectral_norm=False)
    return (
        purify(Generator(sample_shape, latent_dim, width, plain)),
        purify(Discriminator(sample_shape, width, layers)),
    )
