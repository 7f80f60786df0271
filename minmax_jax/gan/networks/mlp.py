"""Perceptrons: a generator and a discriminator for examples of any shape."""

import functools
import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from minmax_jax.gan.networks._layers import LECUN, Initializer, Layers
from minmax_jax.gan.networks._pure import Network, purify

SLOPE = 0.2
"""Slope of leaky ReLU below zero, as in DCGAN."""


def leaky(hidden: jax.Array) -> jax.Array:
    """Leaky ReLU of slope `SLOPE`."""
    return nnx.leaky_relu(hidden, SLOPE)


class Perceptron(nnx.Module):
    """Two hidden layers."""

    def __init__(
        self,
        inputs: int,
        width: int,
        outputs: int,
        layers: Layers,
        *,
        activation: Callable[[jax.Array], jax.Array] = leaky,
        **form: Any,
    ) -> None:
        self.activation = activation
        self.first = layers.dense(inputs, width, **form)
        self.second = layers.dense(width, width, **form)
        self.last = layers.dense(width, outputs, **form)

    def __call__(self, inputs: jax.Array, *, train: bool) -> jax.Array:
        """Maps `(batch, inputs)` to float32 `(batch, outputs)`."""
        hidden = self.activation(self.first(inputs, train=train))
        hidden = self.activation(self.second(hidden, train=train))
        return self.last(hidden, train=train).astype(jnp.float32)


class Generator(nnx.Module):
    """Latents to examples: images end in tanh, vectors are linear."""

    def __init__(
        self,
        sample_shape: tuple[int, ...],
        latent_dim: int,
        width: int,
        layers: Layers,
        **form: Any,
    ) -> None:
        self.shape = sample_shape
        self.body = Perceptron(latent_dim, width, math.prod(sample_shape), layers, **form)

    def __call__(self, latents: jax.Array, *, train: bool) -> jax.Array:
        """Maps `(batch, latent_dim)` to `(batch, *sample_shape)`."""
        samples = self.body(latents, train=train).reshape(-1, *self.shape)
        return samples if len(self.shape) == 1 else jnp.tanh(samples)


class Discriminator(nnx.Module):
    """Examples to logits; an example of several axes is flattened."""

    def __init__(
        self, sample_shape: tuple[int, ...], width: int, layers: Layers, **form: Any
    ) -> None:
        self.body = Perceptron(math.prod(sample_shape), width, 1, layers, **form)

    def __call__(self, inputs: jax.Array, *, train: bool) -> jax.Array:
        """Maps `(batch, *sample_shape)` to `(batch,)`."""
        return self.body(inputs.reshape(len(inputs), -1), train=train)[:, 0]


def mlp(
    sample_shape: tuple[int, ...],
    *,
    latent_dim: int,
    width: int,
    rngs: nnx.Rngs,
    axis_name: str | None = None,
    activation: Callable[[jax.Array], jax.Array] = leaky,
    init: Initializer = LECUN,
    **form: Any,
) -> tuple[Network, Network]:
    """Returns generator and discriminator, each of two hidden layers, without BatchNorm.

    Args:
      sample_shape: `(d,)` for vectors, `(height, width, channels)` for images.
      latent_dim: numbers in one latent vector.
      width: units of each hidden layer.
      rngs: source of the initial values.
      axis_name: of no effect here: nothing is averaged over the batch.
      activation: of the hidden layers.
      init: initial values of every kernel.
      **form: `dtype` and `spectral_norm` of `Layers`; the latter is the discriminator's.
    """
    layers = Layers(rngs, axis_name, **form)
    plain = layers._replace(spectral_norm=False)
    shape = {"activation": activation, "init": init}
    return (
        purify(Generator(sample_shape, latent_dim, width, plain, **shape)),
        purify(Discriminator(sample_shape, width, layers, **shape)),
    )


mangoubi_gaussians = functools.partial(
    mlp, activation=nnx.relu, init=nnx.initializers.orthogonal(scale=0.8)
)
"""`mlp` as for the four Gaussians of arXiv 2006.12376: ReLU, orthogonal initial values of gain
0.8. Theirs are of width 128 and latent dimension 256."""
