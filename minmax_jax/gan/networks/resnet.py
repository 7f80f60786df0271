"""Residual networks of WGAN-GP, with optional classes and self-attention.

Generator: a dense layer to 4×4; one block for each doubling of the sides; BatchNorm, ReLU, 3×3
convolution, tanh. A block is BatchNorm, ReLU, nearest-neighbor upsampling, 3×3, BatchNorm, ReLU,
3×3, plus a shortcut with upsampling and a 1×1 convolution. Discriminator: blocks of ReLU, 3×3,
ReLU, 3×3 and average pooling, without BatchNorm; mean over pixels; a dense layer to one logit.

At 32 pixels all blocks have w channels, and two of the discriminator's four blocks halve the side
(WGAN-GP uses w = 128 and latent dimension 128). At 64 pixels the generator's channels go from 8w
at 4×4 to w at 64×64 as in WGAN-GP, and the discriminator's from w to 8w, in four blocks that halve
the side and one that does not, as in SNGAN. Not verified: the 64-pixel networks were not checked
against the papers. At 128 pixels the channels are SNGAN's (see `sngan`), from 16w to w and from w
to 16w.

In the generator, only the last layer has a bias. Any other bias would reach the output only
through a BatchNorm (also along the shortcuts), which would cancel it, so that the gradient of the
bias would be rounding noise.

With classes, the blocks of the generator have conditional BatchNorm, and the discriminator has a
projection. `attention` adds self-attention to both networks (`_attention`).

References:
  Gulrajani et al., `Improved training of Wasserstein GANs
  <https://arxiv.org/abs/1704.00028>`_, 2017, appendix.
  Miyato, Kataoka, Koyama, Yoshida, `Spectral normalization for generative adversarial
  networks <https://arxiv.org/abs/1802.05957>`_, 2018, appendix.
  Miyato, Koyama, `cGANs with projection discriminator <https://arxiv.org/abs/1802.05637>`_, 2018.
"""

import functools
import itertools
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from minmax_jax.gan.networks import _conditional
from minmax_jax.gan.networks._attention import SelfAttention
from minmax_jax.gan.networks._conditional import Classes, Projection
from minmax_jax.gan.networks._layers import Layers, in_order, numbered, purify_pair
from minmax_jax.gan.networks._pure import Network
from minmax_jax.gan.networks._residual import SHORTCUT_INIT, DownBlock, UpBlock
from minmax_jax.gan.networks._sides import sides_of


class Generator(nnx.Module):
    """Maps latents `(batch, latent_dim)` to images `(batch, *shape)` in (−1, 1)."""

    def __init__(
        self,
        shape: tuple[int, ...],
        latent_dim: int,
        width: int,
        layers: Layers,
        *,
        num_classes: int,
        embedding: str,
        attention: int,
    ) -> None:
        doublings, base = sides_of("resnet", shape)
        channels = _GENERATOR[doublings](width)
        self.base = (*base, channels[0])
        size = base[0] * base[1] * channels[0]
        self.dense = layers.dense(latent_dim, size, use_bias=False)
        self.classes = Classes(num_classes, layers, embedding) if num_classes else None
        classes: Any = {"num_classes": num_classes, "embedding": embedding}
        self.block = numbered(
            UpBlock(inputs, outputs, layers, **classes)
            for inputs, outputs in itertools.pairwise(channels)
        )
        self.norm = layers.norm(channels[-1])
        self.last = layers.convolution(channels[-1], shape[2], init=SHORTCUT_INIT)
        self.attends = (attention // 8).bit_length() - 1  # Index of the block before, or −1.
        self.attention = SelfAttention(channels[self.attends + 1], layers) if attention else None

    def __call__(
        self, latents: jax.Array, *, train: bool, labels: jax.Array | None = None
    ) -> jax.Array:
        """Maps latents to images. In training, BatchNorm uses batch statistics."""
        condition = None if self.classes is None else self.classes(labels, train=train)
        hidden = self.dense(latents, train=train).reshape(-1, *self.base)
        for i, block in enumerate(in_order(self.block)):
            hidden = block(hidden, condition, train=train)
            if self.attention is not None and i == self.attends:
                hidden = self.attention(hidden, train=train)
        hidden = nnx.relu(self.norm(hidden, train=train))
        return jnp.tanh(self.last(hidden, train=train).astype(jnp.float32))


class Discriminator(nnx.Module):
    """Maps images `(batch, *shape)` to logits `(batch,)`."""

    def __init__(
        self,
        shape: tuple[int, ...],
        width: int,
        layers: Layers,
        *,
        num_classes: int,
        attention: int,
    ) -> None:
        doublings, _ = sides_of("resnet", shape)
        channels = [shape[2], *_DISCRIMINATOR[doublings](width)]
        halvings = 2 if doublings == 3 else doublings
        self.block = numbered(
            DownBlock(inputs, outputs, layers, halves=i < halvings, first=i == 0)
            for i, (inputs, outputs) in enumerate(itertools.pairwise(channels))
        )
        self.dense = layers.dense(channels[-1], 1)
        self.projection = Projection(channels[-1], num_classes, layers) if num_classes else None
        # Index of the block before, which halves the side to `attention`, or a negative number.
        self.attends = (min(shape[:2]) // attention).bit_length() - 2 if attention else -1
        self.attention = SelfAttention(channels[self.attends + 1], layers) if attention else None

    def __call__(
        self, inputs: jax.Array, *, train: bool, labels: jax.Array | None = None
    ) -> jax.Array:
        """Maps images to logits, through the mean of the last activations over pixels."""
        hidden = inputs
        for i, block in enumerate(in_order(self.block)):
            hidden = block(hidden, train=train)
            if self.attention is not None and i == self.attends:
                hidden = self.attention(hidden, train=train)
        pooled = jnp.mean(nnx.relu(hidden), axis=(1, 2))
        logits = self.dense(pooled, train=train)[:, 0].astype(jnp.float32)
        if self.projection is None:
            return logits
        return logits + self.projection(pooled, labels, train=train)


def resnet(
    sample_shape: tuple[int, ...],
    *,
    latent_dim: int,
    width: int,
    rngs: nnx.Rngs,
    axis_name: str | None = None,
    num_classes: int = 0,
    embedding: str = "separate",
    attention: int = 0,
    **layer_options: Any,
) -> tuple[Network, Network]:
    """Creates a generator and a discriminator for images of 32, 64 or 128 pixels.

    Args:
      sample_shape: `(height, width, channels)`. The shorter side is 32, 64 or 128, and the
        longer one a multiple of a quarter of it.
      latent_dim: Dimension of the latent space.
      width: w, the number of channels in the description of this module.
      rngs: Source of the initial values.
      axis_name: Mapped axis over which BatchNorm is synchronized.
      num_classes: Number of classes, or 0 for networks that do not depend on the class.
      embedding: How the BatchNorms of the generator get the scale and the bias of a class:
        "separate", one pair per class in each of them, or "shared", from one vector per class.
      attention: Shorter side of the feature maps with self-attention: 8, 16, … up to half the
        side of the image. 0 for none.
      **layer_options: `dtype` and `spectral_norm` of `Layers`. Spectral normalization applies to
        the discriminator only.

    Raises:
      ValueError: If `sample_shape` is another shape, or an option is unknown.
    """
    doublings, _ = sides_of("resnet", sample_shape)
    _conditional.check_embedding("resnet", embedding)
    sides = [0, *(4 << level for level in range(1, doublings))]
    if attention not in sides:
        raise ValueError(
            f"resnet: attention must be one of {', '.join(map(str, sides))} for images of shape "
            f"{tuple(sample_shape)}, got {attention!r}."
        )
    options: Any = {"num_classes": num_classes, "attention": attention}
    return purify_pair(
        functools.partial(
            Generator, sample_shape, latent_dim, width, embedding=embedding, **options
        ),
        functools.partial(Discriminator, sample_shape, width, **options),
        Layers(rngs, axis_name, **layer_options),
    )


def _doubled(width: int, count: int) -> list[int]:
    return [width << i for i in range(count)]


# The channels by the number of doublings.
_GENERATOR: dict[int, Any] = {
    3: lambda width: [width] * 4,
    4: lambda width: [8 * width, *_doubled(width, 4)[::-1]],
    5: lambda width: [16 * width, *_doubled(width, 5)[::-1]],
}
_DISCRIMINATOR: dict[int, Any] = {
    3: lambda width: [width] * 4,
    4: lambda width: [*_doubled(width, 4), 8 * width],
    5: lambda width: [*_doubled(width, 5), 16 * width],
}
