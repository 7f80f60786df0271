"""Residual networks of WGAN-GP and SNGAN, for 32 and 64 pixels.

Generator: a dense layer to 4×4; one block for each doubling of the side; BatchNorm, ReLU, 3×3
convolution, tanh. A block is BatchNorm, ReLU, nearest-neighbor upsampling, 3×3, BatchNorm, ReLU,
3×3, plus a shortcut with upsampling and a 1×1 convolution. Discriminator: blocks of ReLU, 3×3,
ReLU, 3×3 and average pooling, without BatchNorm; mean over pixels; a dense layer to one logit.

At 32 pixels all blocks have w channels, and two of the discriminator's four blocks halve the side
(WGAN-GP uses w = 128 and latent dimension 128). At 64 pixels the generator's channels go from 8w
at 4×4 to w at 64×64 as in WGAN-GP, and the discriminator's from w to 8w, in four blocks that halve
the side and one that does not, as in SNGAN. Not verified: the 64-pixel networks were not checked
against the papers.

In the generator, only the last layer has a bias. Any other bias would reach the output only
through a BatchNorm (also along the shortcuts), which would cancel it, so that the gradient of the
bias would be rounding noise.

References:
  Gulrajani et al., `Improved training of Wasserstein GANs
  <https://arxiv.org/abs/1704.00028>`_, 2017, appendix.
  Miyato, Kataoka, Koyama, Yoshida, `Spectral normalization for generative adversarial
  networks <https://arxiv.org/abs/1802.05957>`_, 2018, appendix.
"""

import functools
import itertools
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from minmax_jax.gan.networks._layers import Layers, in_order, numbered, purify_pair
from minmax_jax.gan.networks._pure import Network
from minmax_jax.gan.networks._residual import SHORTCUT_INIT, DownBlock, UpBlock


class Generator(nnx.Module):
    """Maps latents `(batch, latent_dim)` to images `(batch, side, side, channels)` in (−1, 1)."""

    def __init__(self, shape: tuple[int, ...], latent_dim: int, width: int, layers: Layers) -> None:
        channels = [width] * 4 if shape[0] == 32 else [8 * width, *_doubled(width)[::-1]]
        self.base = (4, 4, channels[0])
        self.dense = layers.dense(latent_dim, 16 * channels[0], use_bias=False)
        self.block = numbered(
            UpBlock(inputs, outputs, layers) for inputs, outputs in itertools.pairwise(channels)
        )
        self.norm = layers.norm(channels[-1])
        self.last = layers.convolution(channels[-1], shape[2], init=SHORTCUT_INIT)

    def __call__(self, latents: jax.Array, *, train: bool) -> jax.Array:
        """Maps latents to images. In training, BatchNorm uses batch statistics."""
        hidden = self.dense(latents, train=train).reshape(-1, *self.base)
        for block in in_order(self.block):
            hidden = block(hidden, train=train)
        hidden = nnx.relu(self.norm(hidden, train=train))
        return jnp.tanh(self.last(hidden, train=train).astype(jnp.float32))


class Discriminator(nnx.Module):
    """Maps images `(batch, side, side, channels)` to logits `(batch,)`."""

    def __init__(self, shape: tuple[int, ...], width: int, layers: Layers) -> None:
        small = shape[0] == 32
        channels = [shape[2], *([width] * 4 if small else [*_doubled(width), 8 * width])]
        halvings = 2 if small else 4
        self.block = numbered(
            DownBlock(inputs, outputs, layers, halves=i < halvings, first=i == 0)
            for i, (inputs, outputs) in enumerate(itertools.pairwise(channels))
        )
        self.dense = layers.dense(channels[-1], 1)

    def __call__(self, inputs: jax.Array, *, train: bool) -> jax.Array:
        """Maps images to logits, through the mean of the last activations over pixels."""
        hidden = inputs
        for block in in_order(self.block):
            hidden = block(hidden, train=train)
        pooled = jnp.mean(nnx.relu(hidden), axis=(1, 2))
        return self.dense(pooled, train=train)[:, 0].astype(jnp.float32)


def resnet(
    sample_shape: tuple[int, ...],
    *,
    latent_dim: int,
    width: int,
    rngs: nnx.Rngs,
    axis_name: str | None = None,
    **layer_options: Any,
) -> tuple[Network, Network]:
    """Creates a generator and a discriminator for images of 32 or 64 pixels.

    Args:
      sample_shape: `(32, 32, channels)` or `(64, 64, channels)`.
      latent_dim: Dimension of the latent space.
      width: w, the number of channels in the description of this module.
      rngs: Source of the initial values.
      axis_name: Mapped axis over which BatchNorm is synchronized.
      **layer_options: `dtype` and `spectral_norm` of `Layers`. Spectral normalization applies to
        the discriminator only.

    Raises:
      ValueError: If `sample_shape` is another shape.
    """
    if len(sample_shape) != 3 or sample_shape[:2] not in ((32, 32), (64, 64)):
        raise ValueError(
            "resnet makes images of (32, 32, channels) or (64, 64, channels), got shape "
            f"{tuple(sample_shape)}. Resize the images or use the network dcgan."
        )
    return purify_pair(
        functools.partial(Generator, sample_shape, latent_dim, width),
        functools.partial(Discriminator, sample_shape, width),
        Layers(rngs, axis_name, **layer_options),
    )


def _doubled(width: int) -> list[int]:
    return [width, 2 * width, 4 * width, 8 * width]
