"""Perceptrons: a generator and a discriminator for examples of any shape."""

import math

import jax
import jax.numpy as jnp
from flax import nnx

from minmax_jax.gan.networks._pure import Network, purify

SLOPE = 0.2
"""Slope of leaky ReLU below zero, as in DCGAN."""


class Perceptron(nnx.Module):
    """Two hidden layers of leaky ReLU."""

    def __init__(self, inputs: int, width: int, outputs: int, *, rngs: nnx.Rngs) -> None:
        self.first = nnx.Linear(inputs, width, rngs=rngs)
        self.second = nnx.Linear(width, width, rngs=rngs)
        self.last = nnx.Linear(width, outputs, rngs=rngs)

    def __call__(self, inputs: jax.Array) -> jax.Array:
        """Maps `(batch, inputs)` to `(batch, outputs)`."""
        hidden = nnx.leaky_relu(self.first(inputs), SLOPE)
        return self.last(nnx.leaky_relu(self.second(hidden), SLOPE))


class Generator(nnx.Module):
    """Latents to examples: images end in tanh, vectors are linear."""

    def __init__(
        self, sample_shape: tuple[int, ...], latent_dim: int, width: int, *, rngs: nnx.Rngs
    ) -> None:
        self.shape = sample_shape
        self.body = Perceptron(latent_dim, width, math.prod(sample_shape), rngs=rngs)

    def __call__(self, latents: jax.Array, *, train: bool) -> jax.Array:
        """Maps `(batch, latent_dim)` to `(batch, *sample_shape)`."""
        del train  # the same in training and in use
        samples = self.body(latents).reshape(-1, *self.shape)
        return samples if len(self.shape) == 1 else jnp.tanh(samples)


class Discriminator(nnx.Module):
    """Examples to logits; an example of several axes is flattened."""

    def __init__(self, sample_shape: tuple[int, ...], width: int, *, rngs: nnx.Rngs) -> None:
        self.body = Perceptron(math.prod(sample_shape), width, 1, rngs=rngs)

    def __call__(self, inputs: jax.Array, *, train: bool) -> jax.Array:
        """Maps `(batch, *sample_shape)` to `(batch,)`."""
        del train
        return self.body(inputs.reshape(len(inputs), -1))[:, 0]


def mlp(
    sample_shape: tuple[int, ...],
    *,
    latent_dim: int,
    width: int,
    rngs: nnx.Rngs,
    axis_name: str | None = None,
) -> tuple[Network, Network]:
    """Returns generator and discriminator, each of two hidden layers, without BatchNorm.

    Args:
      sample_shape: `(d,)` for vectors, `(height, width, channels)` for images.
      latent_dim: numbers in one latent vector.
      width: units of each hidden layer.
      rngs: source of the initial values.
      axis_name: of no effect here: nothing is averaged over the batch.
    """
    del axis_name
    return (
        purify(Generator(sample_shape, latent_dim, width, rngs=rngs)),
        purify(Discriminator(sample_shape, width, rngs=rngs)),
    )
