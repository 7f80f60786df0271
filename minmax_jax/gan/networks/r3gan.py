"""Networks of R3GAN, with grouped convolutions and without normalization.

Generator: a learned 4×4 basis, scaled by a dense layer of the latents channel by channel; at each
side, blocks; doubling by interpolation with [1, 3, 3, 1] between the sides; a 1×1 convolution to
the image, without tanh. Discriminator: the mirror image, with halving by the same filter; a
depthwise convolution of the 4×4 pixels; a dense layer to one logit. A block is x + L3 a(L2 a(L1
x)), with 1×1 convolutions L1 from C to 2C and L3 from 2C to C channels, a grouped 3×3 convolution
L2 and a(x) = leaky ReLU of x plus a bias per channel. There is no other bias, and nothing couples
the examples of a batch.

C is w up to 32 pixels; every further doubling of the side halves it, with a 1×1 convolution next
to the resampling. The groups have 16 channels, or fewer if 2C is not a multiple of 16. All
kernels are normal with variance 1 / fan-in, except in blocks: L1 and L2 have the gain of leaky
ReLU times V^(−1/4), with V the number of blocks of a network, and L3 starts at zero, so that every
block starts as the identity.

With classes, the generator receives a class embedding beside the latents, and the logit is the
product of the discriminator's last features, of which there are then w, with a class embedding.

With `dtype=bfloat16`, layers at more than 4×4 pixels compute in bfloat16, and the others in
float32, as in the authors' code.

Published for CIFAR-10: w = 768, 2 blocks per side, latent dimension 64. FFHQ: w = 768. ImageNet:
w = 1536 with `group_size=32` (whose channels do not shrink at 64 pixels: `shrink=False`).

References:
  Huang, Gokaslan, Kuleshov, Tompkin, `The GAN is dead; long live the GAN! A modern GAN baseline
  <https://arxiv.org/abs/2501.05441>`_, 2024, and the authors' code (github.com/brownvc/R3GAN).
"""

import functools
import itertools
import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx

from minmax_jax.gan.networks import _resampling
from minmax_jax.gan.networks._conditional import Embedding
from minmax_jax.gan.networks._grouped import grouped_convolve
from minmax_jax.gan.networks._layers import (
    Initializer,
    Layers,
    in_order,
    leaky_relu,
    numbered,
    purify_pair,
)
from minmax_jax.gan.networks._pure import Network
from minmax_jax.gan.networks._sides import sides_of

_GAIN = math.sqrt(2.0 / (1.0 + 0.2**2))
"""Gain of leaky ReLU with slope 0.2 (He et al., 2015)."""


def _normal(gain: float = 1.0) -> Initializer:
    """Returns a normal initializer with variance gain² / fan-in.

    All axes but the last one are the fan-in. That is right for grouped kernels too, which have the
    channels of one group.
    """

    def init(key: jax.Array, shape: tuple[int, ...], dtype: Any) -> jax.Array:
        return gain / math.sqrt(math.prod(shape[:-1])) * jax.random.normal(key, shape, dtype)

    return init


class Block(nnx.Module):
    """Residual block `(n, h, w, channels)` to the same shape. It starts as the identity.

    Args:
      channels: C, the number of channels.
      group_size: Number of channels per group of the 3×3 convolution.
      num_blocks: V, the number of blocks of the network.
      layers: Source of the layers.
    """

    def __init__(self, channels: int, group_size: int, num_blocks: int, layers: Layers) -> None:
        wide = 2 * channels
        size = math.gcd(group_size, wide)
        init = _normal(_GAIN * num_blocks**-0.25)
        self.expand = layers.convolution(channels, wide, size=1, init=init)
        self.mix = layers.convolution(size, wide, linear_fn=grouped_convolve, init=init)
        self.reduce = layers.convolution(
            wide, channels, size=1, init=nnx.initializers.zeros, use_bias=False
        )

    def __call__(self, inputs: jax.Array, *, train: bool) -> jax.Array:
        """Adds the branch to the inputs."""
        hidden = leaky_relu(self.expand(inputs, train=train))
        hidden = leaky_relu(self.mix(hidden, train=train))
        branch = self.reduce(hidden, train=train)
        return inputs.astype(branch.dtype) + branch


class Pyramid(NamedTuple):
    """Sizes that both networks share.

    Attributes:
      base: Height and width at the smallest side.
      channels: Number of channels at each side, from the smallest one.
      blocks: Number of blocks per side.
      group_size: Number of channels per group.
    """

    base: tuple[int, int]
    channels: tuple[int, ...]
    blocks: int
    group_size: int

    def stage(self, level: int, layers: Layers) -> nnx.Dict:
        """Creates the blocks at one side."""
        total = self.blocks * len(self.channels)
        return numbered(
            Block(self.channels[level], self.group_size, total, layers) for _ in range(self.blocks)
        )


class Generator(nnx.Module):
    """Maps latents `(batch, latent_dim)` to images `(batch, *shape)`, which are not bounded."""

    def __init__(
        self,
        shape: tuple[int, ...],
        latent_dim: int,
        num_classes: int,
        sizes: Pyramid,
        layers: Layers,
    ) -> None:
        channels, smallest = sizes.channels, _at_base(layers)
        self.dtype = layers.dtype
        self.basis = nnx.Param(jax.random.normal(layers.rngs.params(), (*sizes.base, channels[0])))
        inputs = 2 * latent_dim if num_classes else latent_dim
        self.dense = smallest.dense(inputs, channels[0], init=_normal(), use_bias=False)
        self.stage = numbered(
            sizes.stage(level, layers if level else smallest) for level in range(len(channels))
        )
        self.change = _changes(itertools.pairwise(channels), layers)
        self.last = layers.convolution(
            channels[-1], shape[2], size=1, init=_normal(), use_bias=False
        )
        self.classes = (
            Embedding(num_classes, latent_dim, smallest, init=_normal()) if num_classes else None
        )

    def __call__(
        self, latents: jax.Array, *, train: bool, labels: jax.Array | None = None
    ) -> jax.Array:
        """Maps latents to images."""
        if self.classes is not None:
            vectors = self.classes(labels, train=train).astype(latents.dtype)
            latents = jnp.concatenate([latents, vectors], axis=-1)
        hidden = self.basis[...] * self.dense(latents, train=train)[:, None, None]
        for level, blocks in enumerate(in_order(self.stage)):
            if level:
                hidden = _change(self.change, level, hidden.astype(self.dtype), train=train)
                hidden = _resampling.double(hidden)
            for block in in_order(blocks):
                hidden = block(hidden, train=train)
        return self.last(hidden, train=train).astype(jnp.float32)


class Discriminator(nnx.Module):
    """Maps images `(batch, *shape)` to logits `(batch,)`."""

    def __init__(
        self, shape: tuple[int, ...], num_classes: int, sizes: Pyramid, layers: Layers
    ) -> None:
        channels, smallest = sizes.channels, _at_base(layers)
        self.first = layers.convolution(
            shape[2], channels[-1], size=1, init=_normal(), use_bias=False
        )
        self.stage = numbered(
            sizes.stage(level, layers if level else smallest) for level in range(len(channels))
        )
        self.change = _changes(((b, a) for a, b in itertools.pairwise(channels)), layers)
        self.basis = smallest.pixelwise(sizes.base, channels[0], init=_normal())
        size = channels[0] if num_classes else 1
        self.dense = smallest.dense(channels[0], size, init=_normal(), use_bias=False)
        self.classes = (
            Embedding(num_classes, size, smallest, init=_normal(size**-0.5))
            if num_classes
            else None
        )

    def __call__(
        self, inputs: jax.Array, *, train: bool, labels: jax.Array | None = None
    ) -> jax.Array:
        """Maps images to logits."""
        hidden = self.first(inputs, train=train)
        for level in reversed(range(len(self.stage))):
            for block in in_order(self.stage[f"level{level}"]):
                hidden = block(hidden, train=train)
            if level:
                hidden = _change(self.change, level, _resampling.halve(hidden), train=train)
        outputs = self.dense(self.basis(hidden, train=train), train=train)
        if self.classes is None:
            return outputs[:, 0].astype(jnp.float32)
        vectors = self.classes(labels, train=train).astype(outputs.dtype)
        return jnp.sum(outputs * vectors, axis=-1).astype(jnp.float32)


def r3gan(
    sample_shape: tuple[int, ...],
    *,
    latent_dim: int,
    width: int,
    rngs: nnx.Rngs,
    axis_name: str | None = None,
    num_classes: int = 0,
    dtype: Any = jnp.float32,
    blocks: int = 2,
    group_size: int = 16,
    shrink: bool = True,
) -> tuple[Network, Network]:
    """Creates a generator and a discriminator for images.

    Args:
      sample_shape: `(height, width, channels)`. The shorter side is a power of two from 8 to 256,
        and the longer one a multiple of a quarter of it.
      latent_dim: Dimension of the latent space.
      width: w, the number of channels at sides up to 32.
      rngs: Source of the initial values.
      axis_name: No effect, because there is no BatchNorm.
      num_classes: Number of classes, or 0 for networks that do not depend on the class.
      dtype: Dtype of products and activations at sides above 4.
      blocks: Number of blocks per side.
      group_size: Number of channels per group of the 3×3 convolutions.
      shrink: Whether sides above 32 have fewer channels.

    Raises:
      ValueError: If `sample_shape` is another shape, or a number is below 1.
    """
    doublings, base = sides_of("r3gan", sample_shape, (8, 16, 32, 64, 128, 256))
    for name, value in (("blocks", blocks), ("group_size", group_size)):
        if not isinstance(value, int) or value < 1:
            raise ValueError(f"r3gan: {name} must be an integer of at least 1, got {value!r}.")
    beyond_32 = (max(0, level - 3) if shrink else 0 for level in range(doublings + 1))
    channels = tuple(max(1, width >> halvings) for halvings in beyond_32)
    sizes = Pyramid(base, channels, blocks, group_size)
    return purify_pair(
        functools.partial(Generator, sample_shape, latent_dim, num_classes, sizes),
        functools.partial(Discriminator, sample_shape, num_classes, sizes),
        Layers(rngs, axis_name, dtype),
    )


def _at_base(layers: Layers) -> Layers:
    """Returns the source of the layers at the smallest side, which are not in bfloat16."""
    return layers._replace(dtype=jnp.float32) if layers.dtype == jnp.bfloat16 else layers


def _changes(pairs: Iterable[tuple[int, int]], layers: Layers) -> nnx.Dict:
    """Creates the 1×1 convolutions next to the resampling, where the number of channels changes."""
    found = nnx.Dict()
    for level, (inputs, outputs) in enumerate(pairs, start=1):
        if inputs != outputs:
            found[f"level{level}"] = layers.convolution(
                inputs, outputs, size=1, init=_normal(), use_bias=False
            )
    return found


def _change(changes: nnx.Dict, level: int, hidden: jax.Array, *, train: bool) -> jax.Array:
    name = f"level{level}"
    return changes[name](hidden, train=train) if name in changes else hidden
