"""DCGAN: convolutional generator and discriminator with BatchNorm.

Generator: dense, then BatchNorm, ReLU and a transposed convolution for each doubling of
the side, tanh at the end. Discriminator: a strided convolution with leaky ReLU for each
halving, BatchNorm after all but the first, dense to one logit. No bias stands before a
BatchNorm, which would take it away again: its gradient is rounding noise, which a
normalised step would blow up.

References:
  Radford, Metz, Chintala, `Unsupervised representation learning with deep convolutional
  generative adversarial networks <https://arxiv.org/abs/1511.06434>`_, 2015.
"""

from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from minmax_jax.gan.networks import _convolution
from minmax_jax.gan.networks._layers import Layers
from minmax_jax.gan.networks._pure import Network, purify

SLOPE = 0.2
"""Slope of the discriminator's leaky ReLU below zero, the paper's."""

_init = nnx.initializers.normal(0.02)  # the paper's


class Generator(nnx.Module):
    """Latents `(batch, latent_dim)` to images `(batch, *shape)` in (−1, 1)."""

    def __init__(
        self,
        shape: tuple[int, ...],
        latent_dim: int,
        width: int,
        layers: Layers,
    ) -> None:
        depth = levels(shape)
        self.base = (shape[0] >> depth, shape[1] >> depth, width << (depth - 1))
        channels = [width << level for level in reversed(range(depth))]
        size = self.base[0] * self.base[1] * self.base[2]
        self.dense = layers.dense(latent_dim, size, init=_init, use_bias=False)
        self.norm, self.double = nnx.Dict(), nnx.Dict()
        for i, (inputs, outputs) in enumerate(
            zip(channels, [*channels[1:], shape[2]], strict=True)
        ):
            self.norm[f"level{i}"] = layers.norm(inputs)
            self.double[f"level{i}"] = layers.convolution(
                inputs, outputs, size=4, rule=_convolution.double, init=_init,
                use_bias=i + 1 == depth,
            )  # fmt: skip

    def __call__(self, latents: jax.Array, *, train: bool) -> jax.Array:
        """Maps latents to images; `train` normalises by the batch."""
        hidden = self.dense(latents, train=train).reshape(-1, *self.base)
        for i in range(len(self.double)):
            normed = self.norm[f"level{i}"](hidden, train=train)
            hidden = self.double[f"level{i}"](nnx.relu(normed), train=train)
        return jnp.tanh(hidden.astype(jnp.float32))


class Discriminator(nnx.Module):
    """Images `(batch, *shape)` to logits `(batch,)`."""

    def __init__(self, shape: tuple[int, ...], width: int, layers: Layers) -> None:
        depth = levels(shape)
        channels = [shape[2], *(width << level for level in range(depth))]
        self.norm, self.halve = nnx.Dict(), nnx.Dict()
        for i in range(depth):
            self.halve[f"level{i}"] = layers.convolution(
                channels[i], channels[i + 1], size=4, rule=_convolution.halve, init=_init,
                use_bias=i == 0,
            )  # fmt: skip
            if i:
                self.norm[f"level{i}"] = layers.norm(channels[i + 1])
        size = (shape[0] >> depth) * (shape[1] >> depth) * channels[-1]
        self.dense = layers.dense(size, 1, init=_init)

    def __call__(self, inputs: jax.Array, *, train: bool) -> jax.Array:
        """Maps images to logits; `train` normalises by the batch."""
        hidden = inputs
        for i in range(len(self.halve)):
            hidden = self.halve[f"level{i}"](hidden, train=train)
            if i:
                hidden = self.norm[f"level{i}"](hidden, train=train)
            hidden = nnx.leaky_relu(hidden, SLOPE)
        return self.dense(hidden.reshape(len(hidden), -1), train=train)[:, 0].astype(jnp.float32)


def dcgan(
    sample_shape: tuple[int, ...],
    *,
    latent_dim: int,
    width: int,
    rngs: nnx.Rngs,
    axis_name: str | None = None,
    **form: Any,
) -> tuple[Network, Network]:
    """Returns generator and discriminator for images.

    Args:
      sample_shape: `(height, width, channels)`, the sides divisible by 4.
      latent_dim: numbers in one latent vector.
      width: channels nearest to the image; each halving of the side doubles them.
      rngs: source of the initial values.
      axis_name: mapped axis over which BatchNorm is synchronised.
      **form: `dtype` and `spectral_norm` of `Layers`; the latter is the discriminator's.

    Raises:
      ValueError: for vectors, and for sides that are not divisible by 4.
    """
    levels(sample_shape)
    layers = Layers(rngs, axis_name, **form)
    plain = layers._replace(spectral_norm=False)
    return (
        purify(Generator(sample_shape, latent_dim, width, plain)),
        purify(Discriminator(sample_shape, width, layers)),
    )


def levels(shape: tuple[int, ...]) -> int:
    """Returns how often the sides are halved: at least twice, to 7 pixels or fewer if even.

    28 → 7 and 8 → 2 in two, 32 → 4 in three.

    Raises:
      ValueError: for vectors, and for sides that are not divisible by 4.
    """
    if len(shape) != 3 or shape[0] % 4 or shape[1] % 4:
        raise ValueError(
            "dcgan makes images (height, width, channels) with sides divisible by 4, got shape "
            f"{tuple(shape)}; resize the images or use the network mlp."
        )
    depth = 2
    while min(shape[:2]) >> depth > 7 and not (shape[0] >> depth) % 2 | (shape[1] >> depth) % 2:
        depth += 1
    return depth
