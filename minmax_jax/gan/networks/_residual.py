"""Residual blocks of the generators and discriminators with BatchNorm or without."""

from typing import Any

import jax
from flax import nnx

from minmax_jax.gan.networks import _conditional, _convolution, _resampling
from minmax_jax.gan.networks._layers import HE, Initializer, Layers

SHORTCUT_INIT = nnx.initializers.glorot_uniform()
"""Initialization of the 1×1 shortcuts, which have no ReLU before them."""


def _bilinear_convolve(inputs: jax.Array, kernel: jax.Array) -> jax.Array:
    return _convolution.convolve(_resampling.double(inputs, edge="edge"), kernel)


# For each upsampling: the function of a pixel's values, and the arguments of a convolution that
# includes it. Nearest-neighbor upsampling and a 3×3 kernel are one 4×4 kernel.
UPSAMPLING: dict[str, tuple[Any, dict[str, Any]]] = {
    "nearest": (
        _convolution.upsample,
        {"linear_fn": _convolution.double, "kernel_fn": _convolution.resampling_kernel},
    ),
    "bilinear": (
        lambda inputs: _resampling.double(inputs, edge="edge"),
        {"linear_fn": _bilinear_convolve},
    ),
}


class UpBlock(nnx.Module):
    """Residual block that doubles the sides: `(n, h, w, inputs)` to `(n, 2h, 2w, outputs)`.

    Args:
      inputs: Number of channels before the block.
      outputs: Number of channels after the block.
      layers: Source of the layers.
      init: Initializer of the 3×3 convolutions.
      use_bias: Whether the convolutions have biases. Only published networks need them, because
        all of them reach the output through a BatchNorm.
      upsampling: Name in `UPSAMPLING`.
      num_classes: Number of classes on which the BatchNorms depend, or 0.
      embedding: Name in `EMBEDDINGS` of `_conditional`.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        layers: Layers,
        *,
        init: Initializer = HE,
        use_bias: bool = False,
        upsampling: str = "nearest",
        num_classes: int = 0,
        embedding: str = "separate",
    ) -> None:
        self.norm1 = _conditional.norm(inputs, layers, num_classes, embedding)
        self.norm2 = _conditional.norm(outputs, layers, num_classes, embedding)
        self.upsample, doubled = UPSAMPLING[upsampling]
        options: Any = {"use_bias": use_bias}
        self.conv1 = layers.convolution(inputs, outputs, init=init, **doubled, **options)
        self.conv2 = layers.convolution(outputs, outputs, init=init, **options)
        self.shortcut = layers.convolution(inputs, outputs, size=1, init=SHORTCUT_INIT, **options)

    def __call__(self, inputs: jax.Array, condition: Any = None, *, train: bool) -> jax.Array:
        """Adds the two branches. The shortcut applies its 1×1 convolution before upsampling.

        The first convolution includes the upsampling before it. `condition` is the result of
        `Classes`, if the BatchNorms depend on the class.
        """
        normal = _conditional.normalize(self.norm1, inputs, condition, train=train)
        hidden = self.conv1(nnx.relu(normal), train=train)
        normal = _conditional.normalize(self.norm2, hidden, condition, train=train)
        hidden = self.conv2(nnx.relu(normal), train=train)
        return hidden + self.upsample(self.shortcut(inputs, train=train))


class DownBlock(nnx.Module):
    """Residual block of two convolutions that can halve the sides.

    The first block of a discriminator receives an image and has no ReLU before it.

    Args:
      inputs: Number of channels before the block.
      outputs: Number of channels after the block.
      layers: Source of the layers.
      halves: Whether the block halves the sides.
      first: Whether the block receives an image.
      hidden: Number of channels between the convolutions. Default: `outputs`.
      init: Initializer of the 3×3 convolutions.
      activated: Whether the shortcut receives the activated inputs, like the other branch.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        layers: Layers,
        *,
        halves: bool,
        first: bool = False,
        hidden: int = 0,
        init: Initializer = HE,
        activated: bool = False,
    ) -> None:
        self.halves, self.first, self.activated = halves, first, activated
        hidden = hidden or outputs
        self.conv1 = layers.convolution(inputs, hidden, init=init)
        pooled: Any = {"linear_fn": _convolution.halve, "kernel_fn": _convolution.pooling_kernel}
        self.conv2 = layers.convolution(hidden, outputs, init=init, **pooled if halves else {})
        kept = not halves and inputs == outputs
        self.shortcut = (
            None if kept else layers.convolution(inputs, outputs, size=1, init=SHORTCUT_INIT)
        )

    def __call__(self, inputs: jax.Array, *, train: bool) -> jax.Array:
        """Adds the two branches.

        The second convolution includes the pooling after it. The shortcut pools before its 1×1
        convolution. Pooling after it would give the same result.
        """
        active = inputs if self.first else nnx.relu(inputs)
        hidden = self.conv1(active, train=train)
        hidden = self.conv2(nnx.relu(hidden), train=train)
        kept = active if self.activated else inputs
        if self.halves:
            kept = _convolution.average_pool(kept)
        if self.shortcut is not None:
            kept = self.shortcut(kept, train=train)
        return hidden + kept.astype(hidden.dtype)
