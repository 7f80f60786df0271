"""DCGAN, a convolutional generator and discriminator with BatchNorm.

Generator: a dense layer; then BatchNorm, ReLU and a transposed convolution for each doubling of
the side; tanh. Discriminator: a strided convolution with leaky ReLU for each halving, with
BatchNorm after all but the first; a dense layer to one logit. Layers before a BatchNorm have no
bias. The BatchNorm would cancel it, so the gradient of the bias would be rounding noise, which a
normalized step would amplify.

With classes, each BatchNorm of the generator has the scale and the bias of the class, and the
discriminator has a projection of the inputs of its dense layer.

References:
  Radford, Metz, Chintala, `Unsupervised representation learning with deep convolutional
  generative adversarial networks <https://arxiv.org/abs/1511.06434>`_, 2015.
"""

import functools
import itertools
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from minmax_jax.gan.networks import _conditional, _convolution
from minmax_jax.gan.networks._conditional import Classes, Projection
from minmax_jax.gan.networks._layers import Layers, in_order, leaky_relu, purify_pair
from minmax_jax.gan.networks._pure import Network

_init = nnx.initializers.normal(0.02)  # The paper uses this value.


class Generator(nnx.Module):
    """Maps latents `(batch, latent_dim)` to images `(batch, *shape)` in (−1, 1)."""

    def __init__(
        self,
        shape: tuple[int, ...],
        latent_dim: int,
        width: int,
        layers: Layers,
        *,
        num_classes: int = 0,
        embedding: str = "separate",
    ) -> None:
        depth = levels(shape)
        self.base = (shape[0] >> depth, shape[1] >> depth, width << (depth - 1))
        channels = [*(width << level for level in reversed(range(depth))), shape[2]]
        size = self.base[0] * self.base[1] * self.base[2]
        self.dense = layers.dense(latent_dim, size, init=_init, use_bias=False)
        self.classes = Classes(num_classes, layers, embedding) if num_classes else None
        self.norm, self.double = nnx.Dict(), nnx.Dict()
        for i, (inputs, outputs) in enumerate(itertools.pairwise(channels)):
            self.norm[f"level{i}"] = _conditional.norm(inputs, layers, num_classes, embedding)
            self.double[f"level{i}"] = layers.convolution(
                inputs,
                outputs,
                size=4,
                linear_fn=_convolution.double,
                init=_init,
                use_bias=i + 1 == depth,
            )

    def __call__(
        self, latents: jax.Array, *, train: bool, labels: jax.Array | None = None
    ) -> jax.Array:
        """Maps latents to images. In training, BatchNorm uses batch statistics."""
        condition = None if self.classes is None else self.classes(labels, train=train)
        hidden = self.dense(latents, train=train).reshape(-1, *self.base)
        for norm, double in zip(in_order(self.norm), in_order(self.double), strict=True):
            normal = _conditional.normalize(norm, hidden, condition, train=train)
            hidden = double(nnx.relu(normal), train=train)
        return jnp.tanh(hidden.astype(jnp.float32))


class Discriminator(nnx.Module):
    """Maps images `(batch, *shape)` to logits `(batch,)`."""

    def __init__(
        self, shape: tuple[int, ...], width: int, layers: Layers, *, num_classes: int = 0
    ) -> None:
        depth = levels(shape)
        channels = [shape[2], *(width << level for level in range(depth))]
        self.norm, self.halve = nnx.Dict(), nnx.Dict()
        for i in range(depth):
            self.halve[f"level{i}"] = layers.convolution(
                channels[i],
                channels[i + 1],
                size=4,
                linear_fn=_convolution.halve,
                init=_init,
                use_bias=i == 0,
            )
            if i:
                self.norm[f"level{i}"] = layers.norm(channels[i + 1])
        size = (shape[0] >> depth) * (shape[1] >> depth) * channels[-1]
        self.dense = layers.dense(size, 1, init=_init)
        self.projection = Projection(size, num_classes, layers, init=_init) if num_classes else None

    def __call__(
        self, inputs: jax.Array, *, train: bool, labels: jax.Array | None = None
    ) -> jax.Array:
        """Maps images to logits. In training, BatchNorm uses batch statistics."""
        hidden = inputs
        for i in range(len(self.halve)):
            hidden = self.halve[f"level{i}"](hidden, train=train)
            if i:
                hidden = self.norm[f"level{i}"](hidden, train=train)
            hidden = leaky_relu(hidden)
        features = hidden.reshape(len(hidden), -1)
        logits = self.dense(features, train=train)[:, 0].astype(jnp.float32)
        if self.projection is None:
            return logits
        return logits + self.projection(features, labels, train=train)


def dcgan(
    sample_shape: tuple[int, ...],
    *,
    latent_dim: int,
    width: int,
    rngs: nnx.Rngs,
    axis_name: str | None = None,
    num_classes: int = 0,
    embedding: str = "separate",
    **layer_options: Any,
) -> tuple[Network, Network]:
    """Creates a generator and a discriminator for images.

    Args:
      sample_shape: `(height, width, channels)`, with sides divisible by 4.
      latent_dim: Dimension of the latent space.
      width: Number of channels after the discriminator's first halving of the side. Each further
        halving doubles it. The generator has the same numbers in reverse order.
      rngs: Source of the initial values.
      axis_name: Mapped axis over which BatchNorm is synchronized.
      num_classes: Number of classes, or 0 for networks that do not depend on the class.
      embedding: How the BatchNorms of the generator get the scale and the bias of a class:
        `"separate"`, one pair per class in each of them, or `"shared"`, from one vector per class.
      **layer_options: `dtype` and `spectral_norm` of `Layers`. Spectral normalization applies to
        the discriminator only.

    Raises:
      ValueError: If the examples are vectors, a side is not divisible by 4, or `embedding` is
        unknown.
    """
    levels(sample_shape)
    _conditional.check_embedding("dcgan", embedding)
    return purify_pair(
        functools.partial(
            Generator,
            sample_shape,
            latent_dim,
            width,
            num_classes=num_classes,
            embedding=embedding,
        ),
        functools.partial(Discriminator, sample_shape, width, num_classes=num_classes),
        Layers(rngs, axis_name, **layer_options),
    )


def levels(shape: tuple[int, ...]) -> int:
    """Returns the number of times that the discriminator halves the sides.

    It is at least two. Halving then continues while both sides are even and longer than 7
    pixels. For example, 28 → 7 and 8 → 2 take two halvings, and 32 → 4 takes three.

    Raises:
      ValueError: If the examples are vectors, or a side is not divisible by 4.
    """
    if len(shape) != 3 or shape[0] % 4 or shape[1] % 4:
        raise ValueError(
            "dcgan makes images (height, width, channels) with sides divisible by 4, got shape "
            f"{tuple(shape)}. Resize the images or use the network mlp."
        )
    depth = 2
    while min(shape[:2]) >> depth > 7 and not (shape[0] >> depth) % 2 | (shape[1] >> depth) % 2:
        depth += 1
    return depth
