"""Layers that depend on the class of each example.

A generator is conditioned by its BatchNorms, whose scale and bias are those of the class. With
`embedding="separate"`, each BatchNorm has one scale and one bias per class and channel. With
`embedding="shared"`, the network has one vector per class, and each BatchNorm computes scale and
bias from it by two dense layers. A discriminator is conditioned by a projection: the logit gets
the inner product of its features with a vector of the class.

References:
  Miyato, Koyama, `cGANs with projection discriminator <https://arxiv.org/abs/1802.05637>`_, 2018.
  Brock, Donahue, Simonyan, `Large scale GAN training for high fidelity natural image synthesis
  <https://arxiv.org/abs/1809.11096>`_, 2018, for the shared embedding.
"""

from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from minmax_jax.gan.networks._affine import random_unit, singular_value
from minmax_jax.gan.networks._layers import BatchNorm, Initializer, Layers
from minmax_jax.gan.networks._statistic import Statistic

EMBEDDINGS = ("separate", "shared")
"""How the BatchNorms of a generator get the scale and the bias of a class."""

SHARED_SIZE = 128
"""Length of the shared vector of a class, as in BigGAN."""

GLOROT: Initializer = nnx.initializers.glorot_uniform()


def around_one(key: jax.Array, shape: tuple[int, ...], dtype: Any = jnp.float32) -> jax.Array:
    """Draws normal numbers of mean 1 and standard deviation 0.02."""
    return 1.0 + 0.02 * jax.random.normal(key, shape, dtype)


class Embedding(nnx.Module):
    """One vector per class, with the spectral normalization of `layers`.

    Spectral normalization divides by the largest singular value of the whole table, whose left
    singular vector has one entry per class.

    Args:
      num_classes: Number of classes.
      size: Length of each vector.
      layers: Layers of the network.
      init: Initializer of the table `(num_classes, size)`.

    Attributes:
      parts: Number of batches, one after the other, in one call. See `Network`.
    """

    def __init__(
        self, num_classes: int, size: int, layers: Layers, *, init: Initializer = GLOROT
    ) -> None:
        self.dtype, self.parts = layers.dtype, 1
        table = init(layers.rngs.params(), (num_classes, size), jnp.float32)
        self.table = nnx.Param(table)
        key = layers.rngs.params() if layers.spectral_norm else None
        self.singular = None if key is None else Statistic(random_unit(key, table.T))

    def __call__(self, labels: jax.Array | None, *, train: bool) -> jax.Array:
        """Maps labels `(batch,)` to vectors `(batch, size)`.

        Raises:
          ValueError: If there are no labels.
        """
        if labels is None:
            raise ValueError(
                "The network is class-conditional and got no labels. Pass labels=, one class per "
                "example."
            )
        table = self.table[...]
        found = jnp.take(table, labels, axis=0, mode="clip")  # Without code for negative labels.
        if self.singular is not None:
            # In training, there is one power iteration per part.
            repeats = self.parts if train else 1
            values = [singular_value(table.T, self.singular, train) for _ in range(repeats)]
            parts = found.reshape(repeats, -1, found.shape[-1])
            found = (parts / jnp.stack(values)[:, None, None]).reshape(found.shape)
        return found.astype(self.dtype)


class ConditionalBatchNorm(nnx.Module):
    """BatchNorm over all classes together, with the scale and the bias of each example's class.

    Args:
      channels: Number of channels.
      num_classes: Number of classes.
      layers: Layers of the network.
      embedding: Name in `EMBEDDINGS`.
    """

    def __init__(self, channels: int, num_classes: int, layers: Layers, embedding: str) -> None:
        self.norm = BatchNorm(channels, layers.axis_name, layers.rngs, affine=False)
        self.shared = embedding == "shared"
        if self.shared:
            init = nnx.initializers.orthogonal()
            dense = {"init": init, "use_bias": False}
            self.scale = layers.dense(SHARED_SIZE, channels, **dense)
            self.bias = layers.dense(SHARED_SIZE, channels, **dense)
        else:
            zeros = nnx.initializers.zeros_init()
            self.scale = Embedding(num_classes, channels, layers, init=around_one)
            self.bias = Embedding(num_classes, channels, layers, init=zeros)

    def __call__(self, inputs: jax.Array, condition: jax.Array, *, train: bool) -> jax.Array:
        """Normalizes the inputs.

        Args:
          inputs: Activations, `(batch, ..., channels)`.
          condition: Result of `Classes`.
          train: Whether to use the statistics of the batch.
        """
        normal = self.norm(inputs, train=train)
        wide = (inputs.shape[0], *[1] * (inputs.ndim - 2), inputs.shape[-1])
        scale = self.scale(condition, train=train).astype(normal.dtype)
        bias = self.bias(condition, train=train).astype(normal.dtype)
        if self.shared:
            scale = 1.0 + scale
        return normal * scale.reshape(wide) + bias.reshape(wide)


class Classes(nnx.Module):
    """The class input of a generator: what its conditional BatchNorms receive.

    Args:
      num_classes: Number of classes.
      layers: Layers of the network.
      embedding: Name in `EMBEDDINGS`.
    """

    def __init__(self, num_classes: int, layers: Layers, embedding: str) -> None:
        init = nnx.initializers.orthogonal()
        shared = embedding == "shared"
        self.vectors = Embedding(num_classes, SHARED_SIZE, layers, init=init) if shared else None

    def __call__(self, labels: jax.Array | None, *, train: bool) -> jax.Array | None:
        """Returns the shared vectors `(batch, SHARED_SIZE)`, or the labels themselves."""
        return labels if self.vectors is None else self.vectors(labels, train=train)


class Projection(nnx.Module):
    """The term of a discriminator's logit that depends on the class.

    Args:
      size: Number of features.
      num_classes: Number of classes.
      layers: Layers of the network.
      init: Initializer of the table of the classes.
    """

    def __init__(
        self, size: int, num_classes: int, layers: Layers, *, init: Initializer = GLOROT
    ) -> None:
        self.embedding = Embedding(num_classes, size, layers, init=init)

    def __call__(self, features: jax.Array, labels: jax.Array | None, *, train: bool) -> jax.Array:
        """Maps features `(batch, size)` and labels to float32 `(batch,)`."""
        vectors = self.embedding(labels, train=train)
        if features.dtype != jnp.float64:
            features, vectors = features.astype(jnp.float32), vectors.astype(jnp.float32)
        return jnp.sum(vectors * features, axis=-1)


def norm(channels: int, layers: Layers, num_classes: int, embedding: str) -> nnx.Module:
    """Creates a conditional BatchNorm, or a plain one if there are no classes."""
    if not num_classes:
        return layers.norm(channels)
    return ConditionalBatchNorm(channels, num_classes, layers, embedding)


def normalize(layer: Any, inputs: jax.Array, condition: Any, *, train: bool) -> jax.Array:
    """Applies a layer of `norm`.

    Args:
      layer: Result of `norm`.
      inputs: Activations, `(batch, ..., channels)`.
      condition: Result of `Classes`. A plain BatchNorm does not use it.
      train: Whether to use the statistics of the batch.
    """
    if isinstance(layer, ConditionalBatchNorm):
        return layer(inputs, condition, train=train)
    return layer(inputs, train=train)


def check_embedding(name: str, embedding: str) -> str:
    """Returns a name in `EMBEDDINGS`.

    Raises:
      ValueError: If it is unknown.
    """
    if embedding not in EMBEDDINGS:
        raise ValueError(
            f"{name}: embedding must be one of {', '.join(EMBEDDINGS)}, got {embedding!r}."
        )
    return embedding
