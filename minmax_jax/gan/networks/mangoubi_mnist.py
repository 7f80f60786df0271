"""Networks of Keswani et al. for MNIST, which are MLPs with discriminator dropout.

Generator: dense layers of w, 2w and 4w units with leaky ReLU of slope 0.2; tanh. Discriminator:
dense layers of 4w, 2w and w units with dropout 0.3 after each. There is no BatchNorm. The
authors use w = 256 and latent dimension 100.

References:
  Keswani, Mangoubi, Sachdeva, Vishnoi, `A convergent and dimension-independent min-max
  optimization algorithm <https://arxiv.org/abs/2006.12376>`_, 2022, and the code that its
  authors published.
"""

import functools
import itertools
import math
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from minmax_jax.gan.networks import _layers
from minmax_jax.gan.networks._layers import Layers
from minmax_jax.gan.networks._pure import Network

DROPOUT = 0.3
"""Dropout rate of the discriminator's hidden layers."""


class Generator(nnx.Module):
    """Maps latents `(batch, latent_dim)` to examples `(batch, *shape)` in (−1, 1)."""

    def __init__(self, shape: tuple[int, ...], latent_dim: int, width: int, layers: Layers) -> None:
        sizes = (latent_dim, width, 2 * width, 4 * width)
        self.shape = shape
        self.dense = _layers.numbered(itertools.starmap(layers.dense, itertools.pairwise(sizes)))
        self.last = layers.dense(sizes[3], math.prod(shape))

    def __call__(self, latents: jax.Array, *, train: bool) -> jax.Array:
        """Maps latents to examples."""
        hidden = latents
        for layer in _layers.in_order(self.dense):
            hidden = _layers.leaky_relu(layer(hidden, train=train))
        samples = self.last(hidden, train=train).astype(jnp.float32)
        return jnp.tanh(samples).reshape(-1, *self.shape)


class Discriminator(nnx.Module):
    """Maps examples `(batch, *shape)` to logits `(batch,)`."""

    def __init__(self, shape: tuple[int, ...], width: int, layers: Layers) -> None:
        sizes = (math.prod(shape), 4 * width, 2 * width, width)
        self.dense = _layers.numbered(itertools.starmap(layers.dense, itertools.pairwise(sizes)))
        self.last = layers.dense(sizes[3], 1)

    def __call__(self, inputs: jax.Array, *, train: bool, keys: Any = None) -> jax.Array:
        """Maps examples to logits. `keys` has one PRNG key per example, for dropout."""
        hidden = inputs.reshape(len(inputs), -1)
        for i, layer in enumerate(_layers.in_order(self.dense)):
            hidden = _layers.leaky_relu(layer(hidden, train=train))
            hidden = _layers.dropout(hidden, DROPOUT, train=train, keys=keys, layer=i)
        return self.last(hidden, train=train)[:, 0].astype(jnp.float32)


def mangoubi_mnist(
    sample_shape: tuple[int, ...],
    *,
    latent_dim: int,
    width: int,
    rngs: nnx.Rngs,
    axis_name: str | None = None,
    **layer_options: Any,
) -> tuple[Network, Network]:
    """Creates a generator and a discriminator for images of any size, with values in (−1, 1).

    Args:
      sample_shape: `(height, width, channels)`, or `(d,)` for vectors.
      latent_dim: Dimension of the latent space.
      width: w, the number of units of the smallest hidden layer.
      rngs: Source of the initial values.
      axis_name: Mapped axis over which BatchNorm is synchronized.
      **layer_options: `dtype` and `spectral_norm` of `Layers`. Spectral normalization applies to
        the discriminator only.
    """
    return _layers.purify_pair(
        functools.partial(Generator, sample_shape, latent_dim, width),
        functools.partial(Discriminator, sample_shape, width),
        Layers(rngs, axis_name, **layer_options),
    )
