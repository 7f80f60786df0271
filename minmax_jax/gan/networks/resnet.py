"""Residual networks of WGAN-GP and SNGAN, for 32 and 64 pixels.

Generator: dense to 4×4, a block for each doubling of the side, BatchNorm, ReLU, 3×3 convolution,
tanh. A block is BatchNorm, ReLU, doubling by nearest neighbours, 3×3, BatchNorm, ReLU, 3×3, beside
a shortcut that doubles too, with a 1×1 convolution. Discriminator: blocks of ReLU, 3×3, ReLU, 3×3,
halved by means of 2×2, no BatchNorm; mean over pixels, dense to one logit. At 32 pixels all
blocks have w channels, two of the discriminator's four halve (WGAN-GP with w = 128 and latent
dimension 128). At 64 pixels (recalled) channels go from 8w at 4×4 to w at 64×64 as in WGAN-GP, and
the discriminator's from w to 8w in four blocks that halve and one that does not as in SNGAN.

The generator has no bias but its last: what a bias adds to a channel goes along the shortcuts
from BatchNorm to BatchNorm, each of which takes it away, so that its gradient is rounding noise.

References:
  Gulrajani et al., `Improved training of Wasserstein GANs
  <https://arxiv.org/abs/1704.00028>`_, 2017, appendix.
  Miyato, Kataoka, Koyama, Yoshida, `Spectral normalization for generative adversarial
  networks <https://arxiv.org/abs/1802.05957>`_, 2018, appendix.
"""

import itertools
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from minmax_jax.gan.networks import _convolution
from minmax_jax.gan.networks._layers import Layers
from minmax_jax.gan.networks._pure import Network, purify

_shortcut_init = nnx.initializers.glorot_uniform()  # He's for what a ReLU precedes, this for 1×1


class UpBlock(nnx.Module):
    """Doubles the side: `(n, h, w, inputs)` to `(n, 2h, 2w, outputs)`."""

    def __init__(self, inputs: int, outputs: int, layers: Layers) -> None:
        self.norm1, self.norm2 = layers.norm(inputs), layers.norm(outputs)
        self.conv1 = layers.convolution(inputs, outputs, use_bias=False)
        self.conv2 = layers.convolution(outputs, outputs, use_bias=False)
        self.shortcut = layers.convolution(
            inputs, outputs, size=1, init=_shortcut_init, use_bias=False
        )

    def __call__(self, inputs: jax.Array, *, train: bool) -> jax.Array:
        """Adds the two branches; the shortcut's 1×1 convolution is done before it doubles."""
        hidden = _convolution.enlarge(nnx.relu(self.norm1(inputs, train=train)))
        hidden = self.conv1(hidden, train=train)
        hidden = self.conv2(nnx.relu(self.norm2(hidden, train=train)), train=train)
        return hidden + _convolution.enlarge(self.shortcut(inputs, train=train))


class DownBlock(nnx.Module):
    """Two convolutions beside a shortcut; halves the side if asked.

    The first block of a discriminator sees an image, and has no ReLU before it.
    """

    def __init__(
        self, inputs: int, outputs: int, layers: Layers, *, halves: bool, first: bool = False
    ) -> None:
        self.halves, self.first = halves, first
        self.conv1 = layers.convolution(inputs, outputs)
        self.conv2 = layers.convolution(outputs, outputs)
        kept = not halves and inputs == outputs
        self.shortcut = (
            None if kept else layers.convolution(inputs, outputs, size=1, init=_shortcut_init)
        )

    def __call__(self, inputs: jax.Array, *, train: bool) -> jax.Array:
        """Adds the two branches; the shortcut is halved before its 1×1 convolution: the same."""
        hidden = self.conv1(inputs if self.first else nnx.relu(inputs), train=train)
        hidden = self.conv2(nnx.relu(hidden), train=train)
        if self.halves:
            hidden, inputs = _convolution.shrink(hidden), _convolution.shrink(inputs)
        if self.shortcut is not None:
            inputs = self.shortcut(inputs, train=train)
        return hidden + inputs.astype(hidden.dtype)


class Generator(nnx.Module):
    """Latents `(batch, latent_dim)` to images `(batch, side, side, channels)` in (−1, 1)."""

    def __init__(self, shape: tuple[int, ...], latent_dim: int, width: int, layers: Layers) -> None:
        channels = [width] * 4 if shape[0] == 32 else [8 * width, *_doubled(width)[::-1]]
        self.base = (4, 4, channels[0])
        self.dense = layers.dense(latent_dim, 16 * channels[0], use_bias=False)
        self.block = nnx.Dict()
        for i, (inputs, outputs) in enumerate(itertools.pairwise(channels)):
            self.block[f"level{i}"] = UpBlock(inputs, outputs, layers)
        self.norm = layers.norm(channels[-1])
        self.last = layers.convolution(channels[-1], shape[2], init=_shortcut_init)

    def __call__(self, latents: jax.Array, *, train: bool) -> jax.Array:
        """Maps latents to images; `train` normalises by the batch."""
        hidden = self.dense(latents, train=train).reshape(-1, *self.base)
        for i in range(len(self.block)):
            hidden = self.block[f"level{i}"](hidden, train=train)
        hidden = nnx.relu(self.norm(hidden, train=train))
        return jnp.tanh(self.last(hidden, train=train).astype(jnp.float32))


class Discriminator(nnx.Module):
    """Images `(batch, side, side, channels)` to logits `(batch,)`."""

    def __init__(self, shape: tuple[int, ...], width: int, layers: Layers) -> None:
        small = shape[0] == 32
        channels = [shape[2], *([width] * 4 if small else [*_doubled(width), 8 * width])]
        halvings = 2 if small else 4
        self.block = nnx.Dict()
        for i in range(len(channels) - 1):
            self.block[f"level{i}"] = DownBlock(
                channels[i], channels[i + 1], layers, halves=i < halvings, first=i == 0
            )
        self.dense = layers.dense(channels[-1], 1)

    def __call__(self, inputs: jax.Array, *, train: bool) -> jax.Array:
        """Maps images to logits, by the mean of the last activations over pixels."""
        hidden = inputs
        for i in range(len(self.block)):
            hidden = self.block[f"level{i}"](hidden, train=train)
        pooled = jnp.mean(nnx.relu(hidden), axis=(1, 2))
        return self.dense(pooled, train=train)[:, 0].astype(jnp.float32)


def resnet(
    sample_shape: tuple[int, ...],
    *,
    latent_dim: int,
    width: int,
    rngs: nnx.Rngs,
    axis_name: str | None = None,
    **form: Any,
) -> tuple[Network, Network]:
    """Returns generator and discriminator for images of 32 or 64 pixels.

    Args:
      sample_shape: `(32, 32, channels)` or `(64, 64, channels)`.
      latent_dim: numbers in one latent vector.
      width: w, see above.
      rngs: source of the initial values.
      axis_name: mapped axis over which BatchNorm is synchronised.
      **form: `dtype` and `spectral_norm` of `Layers`; the latter is the discriminator's.

    Raises:
      ValueError: for vectors and for other sides.
    """
    if len(sample_shape) != 3 or sample_shape[:2] not in ((32, 32), (64, 64)):
        raise ValueError(
            "resnet makes images of (32, 32, channels) or (64, 64, channels), got shape "
            f"{tuple(sample_shape)}; resize the images or use the network dcgan."
        )
    layers = Layers(rngs, axis_name, **form)
    plain = layers._replace(spectral_norm=False)
    return (
        purify(Generator(sample_shape, latent_dim, width, plain)),
        purify(Discriminator(sample_shape, width, layers)),
    )


def _doubled(width: int) -> list[int]:
    return [width, 2 * width, 4 * width, 8 * width]
