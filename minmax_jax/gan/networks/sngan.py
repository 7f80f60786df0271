"""Residual networks of SNGAN, with spectral normalization in the discriminator.

Generator: a dense layer to 4×4; one block for each doubling of the sides; BatchNorm, ReLU, 3×3
convolution, tanh. A block is BatchNorm, ReLU, upsampling, 3×3, BatchNorm, ReLU, 3×3, plus a
shortcut of a 1×1 convolution and upsampling. Discriminator: blocks of ReLU, 3×3, ReLU, 3×3 and
average pooling, without BatchNorm and with spectral normalization of every layer; ReLU; the *sum*
over pixels; a dense layer to one logit. Every layer has a bias.

| shorter side | generator, from 4×4                 | discriminator                              |
| 32           | 2w, 2w, 2w, 2w                      | w, w, w, w; the first two blocks halve      |
| 64           | 16w, 8w, 4w, 2w, w                  | w, 2w, 4w, 8w, 16w; all blocks halve        |
| 128          | 16w, 16w, 8w, 4w, 2w, w             | w, 2w, 4w, 8w, 16w, 16w; five blocks halve  |

Published: w = 128 at 32 pixels, w = 64 at 64 and 128 pixels, latent dimension 128.

With classes, these are the networks of cGAN-PD: the blocks of the generator have conditional
BatchNorm, its last BatchNorm does not depend on the class, and the logit gets the inner product of
the pooled activations with a vector of the class.

Two forms are published. The shortcuts of the discriminator's blocks after the first receive the
block's inputs in the authors' code, and the *activated* inputs in mimicry, whose ReLU overwrites
its argument. The generator upsamples by nearest neighbors in the authors' code, and bilinearly in
mimicry. The defaults are mimicry's, because its scores are the best that are documented with
their recipe. `shortcut="plain", upsampling="nearest"` is the authors' form, except that their
last dense layer has no bias. Weights start as in both: Glorot's uniform initialization with gain
√2 for 3×3 convolutions of blocks, otherwise with gain 1. Biases start at zero as in the authors'
code; in mimicry they are uniform.

References:
  Miyato, Kataoka, Koyama, Yoshida, `Spectral normalization for generative adversarial
  networks <https://arxiv.org/abs/1802.05957>`_, 2018, and the authors' code
  (github.com/pfnet-research/sngan_projection).
  Miyato, Koyama, `cGANs with projection discriminator <https://arxiv.org/abs/1802.05637>`_, 2018.
  Lee, Town, `Mimicry: Towards the reproducibility of GAN research
  <https://arxiv.org/abs/2005.02494>`_, 2020 (github.com/kwotsin/mimicry).
"""

import functools
import itertools
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from minmax_jax.gan.networks import _conditional
from minmax_jax.gan.networks._conditional import Classes, Projection
from minmax_jax.gan.networks._layers import Layers, in_order, numbered, purify_pair
from minmax_jax.gan.networks._pure import Network
from minmax_jax.gan.networks._residual import SHORTCUT_INIT, UPSAMPLING, DownBlock, UpBlock
from minmax_jax.gan.networks._sides import sides_of

_BLOCK_INIT = nnx.initializers.variance_scaling(2.0, "fan_avg", "uniform")
_INIT = nnx.initializers.glorot_uniform()

SHORTCUTS = ("activated", "plain")
"""What the shortcuts of the discriminator receive."""


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
        **block_options: Any,
    ) -> None:
        doublings, base = sides_of("sngan", shape)
        channels = _GENERATOR[doublings](width)
        self.base = (*base, channels[0])
        self.dense = layers.dense(latent_dim, base[0] * base[1] * channels[0], init=_INIT)
        embedding = block_options["embedding"]
        self.classes = Classes(num_classes, layers, embedding) if num_classes else None
        options: Any = {"init": _BLOCK_INIT, "use_bias": True, **block_options}
        self.block = numbered(
            UpBlock(inputs, outputs, layers, num_classes=num_classes, **options)
            for inputs, outputs in itertools.pairwise(channels)
        )
        self.norm = layers.norm(channels[-1])
        self.last = layers.convolution(channels[-1], shape[2], init=SHORTCUT_INIT)

    def __call__(
        self, latents: jax.Array, *, train: bool, labels: jax.Array | None = None
    ) -> jax.Array:
        """Maps latents to images. In training, BatchNorm uses batch statistics."""
        condition = None if self.classes is None else self.classes(labels, train=train)
        hidden = self.dense(latents, train=train).reshape(-1, *self.base)
        for block in in_order(self.block):
            hidden = block(hidden, condition, train=train)
        hidden = nnx.relu(self.norm(hidden, train=train))
        return jnp.tanh(self.last(hidden, train=train).astype(jnp.float32))


class Discriminator(nnx.Module):
    """Maps images `(batch, *shape)` to logits `(batch,)`."""

    def __init__(
        self, shape: tuple[int, ...], width: int, shortcut: str, num_classes: int, layers: Layers
    ) -> None:
        doublings, _ = sides_of("sngan", shape)
        channels = [shape[2], *_DISCRIMINATOR[doublings](width)]
        halvings = 2 if doublings == 3 else doublings
        self.block = numbered(
            DownBlock(
                inputs,
                outputs,
                layers,
                halves=i < halvings,
                first=i == 0,
                hidden=inputs if i else outputs,
                init=_BLOCK_INIT,
                activated=shortcut == "activated",
            )
            for i, (inputs, outputs) in enumerate(itertools.pairwise(channels))
        )
        self.dense = layers.dense(channels[-1], 1, init=_INIT)
        self.projection = Projection(channels[-1], num_classes, layers) if num_classes else None

    def __call__(
        self, inputs: jax.Array, *, train: bool, labels: jax.Array | None = None
    ) -> jax.Array:
        """Maps images to logits, through the sum of the last activations over pixels."""
        hidden = inputs
        for block in in_order(self.block):
            hidden = block(hidden, train=train)
        pooled = jnp.sum(nnx.relu(hidden).astype(jnp.float32), axis=(1, 2))
        logits = self.dense(pooled, train=train)[:, 0].astype(jnp.float32)
        if self.projection is None:
            return logits
        return logits + self.projection(pooled, labels, train=train)


def sngan(
    sample_shape: tuple[int, ...],
    *,
    latent_dim: int,
    width: int,
    rngs: nnx.Rngs,
    axis_name: str | None = None,
    num_classes: int = 0,
    embedding: str = "separate",
    shortcut: str = "activated",
    upsampling: str = "bilinear",
    spectral_norm: bool = True,
    **layer_options: Any,
) -> tuple[Network, Network]:
    """Creates a generator and a discriminator for images.

    Args:
      sample_shape: `(height, width, channels)`. The shorter side is 32, 64 or 128, and the
        longer one a multiple of a quarter of it.
      latent_dim: Dimension of the latent space.
      width: w, the number of channels in the table of this module.
      rngs: Source of the initial values.
      axis_name: Mapped axis over which BatchNorm is synchronized.
      num_classes: Number of classes, or 0 for networks that do not depend on the class. With
        classes, these are the networks of cGAN-PD.
      embedding: How the BatchNorms of the generator get the scale and the bias of a class:
        "separate", one pair per class in each of them, or "shared", from one vector per class.
      shortcut: What the discriminator's shortcuts receive: "activated" inputs of the block, or
        "plain" inputs.
      upsampling: The generator's upsampling, "bilinear" or "nearest".
      spectral_norm: Whether the discriminator has spectral normalization.
      **layer_options: `dtype` of `Layers`.

    Raises:
      ValueError: If `sample_shape` is another shape, or an option is unknown.
    """
    sides_of("sngan", sample_shape)
    _conditional.check_embedding("sngan", embedding)
    for name, value, known in (
        ("shortcut", shortcut, SHORTCUTS),
        ("upsampling", upsampling, tuple(UPSAMPLING)),
    ):
        if value not in known:
            raise ValueError(f"sngan: {name} must be {' or '.join(known)}, got {value!r}.")
    return purify_pair(
        functools.partial(
            Generator,
            sample_shape,
            latent_dim,
            width,
            num_classes=num_classes,
            embedding=embedding,
            upsampling=upsampling,
        ),
        functools.partial(Discriminator, sample_shape, width, shortcut, num_classes),
        Layers(rngs, axis_name, spectral_norm=spectral_norm, **layer_options),
    )


def _doubled(width: int, count: int) -> list[int]:
    return [width << i for i in range(count)]


# The channels by the number of doublings.
_GENERATOR: dict[int, Any] = {
    3: lambda width: [2 * width] * 4,
    4: lambda width: _doubled(width, 5)[::-1],
    5: lambda width: [16 * width, *_doubled(width, 5)[::-1]],
}
_DISCRIMINATOR: dict[int, Any] = {
    3: lambda width: [width] * 4,
    4: lambda width: _doubled(width, 5),
    5: lambda width: [*_doubled(width, 5), 16 * width],
}
