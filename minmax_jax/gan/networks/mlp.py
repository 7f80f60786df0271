"""MLP generator and discriminator."""

import functools
import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from minmax_jax.gan.networks._conditional import Embedding, Projection
from minmax_jax.gan.networks._layers import LECUN, Initializer, Layers, leaky_relu, purify_pair
from minmax_jax.gan.networks._pure import Network


class MLP(nnx.Module):
    """MLP with two hidden layers."""

    def __init__(
        self,
        inputs: int,
        width: int,
        outputs: int,
        layers: Layers,
        *,
        activation: Callable[[jax.Array], jax.Array] = leaky_relu,
        init: Initializer = LECUN,
    ) -> None:
        self.activation = activation
        self.first = layers.dense(inputs, width, init=init)
        self.second = layers.dense(width, width, init=init)
        self.last = layers.dense(width, outputs, init=init)

    def features(self, inputs: jax.Array, *, train: bool) -> jax.Array:
        """Maps `(batch, inputs)` to the last hidden layer, `(batch, width)`."""
        hidden = self.activation(self.first(inputs, train=train))
        return self.activation(self.second(hidden, train=train))

    def __call__(self, inputs: jax.Array, *, train: bool) -> jax.Array:
        """Maps `(batch, inputs)` to float32 `(batch, outputs)`."""
        return self.outputs(self.features(inputs, train=train), train=train)

    def outputs(self, features: jax.Array, *, train: bool) -> jax.Array:
        """Maps the last hidden layer to float32 `(batch, outputs)`."""
        return self.last(features, train=train).astype(jnp.float32)


class Generator(nnx.Module):
    """Maps latents to examples. Images have a final tanh, vectors do not.

    With classes, the latents are followed by a learned vector of the same length for the class.
    """

    def __init__(
        self,
        sample_shape: tuple[int, ...],
        latent_dim: int,
        width: int,
        layers: Layers,
        *,
        num_classes: int = 0,
        **mlp_options: Any,
    ) -> None:
        self.shape = sample_shape
        inputs = 2 * latent_dim if num_classes else latent_dim
        self.body = MLP(inputs, width, math.prod(sample_shape), layers, **mlp_options)
        init = nnx.initializers.normal(1.0)  # The vectors are as long as latents.
        self.classes = (
            Embedding(num_classes, latent_dim, layers, init=init) if num_classes else None
        )

    def __call__(
        self, latents: jax.Array, *, train: bool, labels: jax.Array | None = None
    ) -> jax.Array:
        """Maps `(batch, latent_dim)` to `(batch, *sample_shape)`."""
        if self.classes is not None:
            classes = self.classes(labels, train=train).astype(latents.dtype)
            latents = jnp.concatenate([latents, classes], axis=-1)
        samples = self.body(latents, train=train).reshape(-1, *self.shape)
        return samples if len(self.shape) == 1 else jnp.tanh(samples)


class Discriminator(nnx.Module):
    """Maps examples, which are flattened, to logits. With classes, it has a projection."""

    def __init__(
        self,
        sample_shape: tuple[int, ...],
        width: int,
        layers: Layers,
        *,
        num_classes: int = 0,
        **mlp_options: Any,
    ) -> None:
        self.body = MLP(math.prod(sample_shape), width, 1, layers, **mlp_options)
        self.projection = Projection(width, num_classes, layers) if num_classes else None

    def __call__(
        self, inputs: jax.Array, *, train: bool, labels: jax.Array | None = None
    ) -> jax.Array:
        """Maps `(batch, *sample_shape)` to `(batch,)`."""
        features = self.body.features(inputs.reshape(len(inputs), -1), train=train)
        logits = self.body.outputs(features, train=train)[:, 0]
        if self.projection is None:
            return logits
        return logits + self.projection(features, labels, train=train)


def mlp(
    sample_shape: tuple[int, ...],
    *,
    latent_dim: int,
    width: int,
    rngs: nnx.Rngs,
    axis_name: str | None = None,
    num_classes: int = 0,
    activation: Callable[[jax.Array], jax.Array] = leaky_relu,
    init: Initializer = LECUN,
    **layer_options: Any,
) -> tuple[Network, Network]:
    """Creates a generator and a discriminator, each with two hidden layers and without BatchNorm.

    Args:
      sample_shape: `(d,)` for vectors, `(height, width, channels)` for images.
      latent_dim: Dimension of the latent space.
      width: Number of units of each hidden layer.
      rngs: Source of the initial values.
      axis_name: No effect, because there is no BatchNorm.
      num_classes: Number of classes, or 0 for networks that do not depend on the class.
      activation: Activation of the hidden layers.
      init: Initializer of all kernels.
      **layer_options: `dtype` and `spectral_norm` of `Layers`. Spectral normalization applies to
        the discriminator only.
    """
    options = {"activation": activation, "init": init, "num_classes": num_classes}
    return purify_pair(
        functools.partial(Generator, sample_shape, latent_dim, width, **options),
        functools.partial(Discriminator, sample_shape, width, **options),
        Layers(rngs, axis_name, **layer_options),
    )


mangoubi_gaussians = functools.partial(
    mlp, activation=nnx.relu, init=nnx.initializers.orthogonal(scale=0.8)
)
"""`mlp` with ReLU and orthogonal initialization of gain 0.8, as Keswani et al. (2022) use it for
four Gaussians, with width 128 and latent dimension 256."""
