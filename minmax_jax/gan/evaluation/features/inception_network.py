"""Inception-v3 of TensorFlow (2015-12-05), the network of FID, as a Flax module.

Modules have the names of the published weights. The network differs from the Inception-v3 of
other libraries: its average pooling does not count the padding, the last block has a maximum
pooling, there are 1008 classes, and BatchNorm has an epsilon of 0.001.

References:
  Szegedy, Vanhoucke, Ioffe, Shlens, Wojna, `Rethinking the Inception architecture for computer
  vision <https://arxiv.org/abs/1512.00567>`_, 2016.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from minmax_jax.gan.networks import Network, purify

NUM_FEATURES = 2048
NUM_CLASSES = 1008


def _unset(key: jax.Array, shape: tuple[int, ...], dtype: Any = None) -> np.ndarray:
    """Returns zeros that need no memory, because the published weights replace them."""
    del key, dtype
    return np.broadcast_to(np.float32(0), shape)


class Conv(NamedTuple):
    """Name and sizes of a convolution that is followed by BatchNorm and ReLU."""

    name: str
    channels: int
    kernel: tuple[int, int] = (1, 1)
    stride: int = 1
    padding: str = "SAME"


Pool = Callable[[jax.Array], jax.Array]
Step = Conv | Pool | tuple[Conv, ...]
"""A convolution, a pooling, or convolutions of the same input whose outputs are concatenated."""

Branches = tuple[tuple[Step, ...], ...]
"""Branches of a block. Each is a sequence of steps; their outputs are concatenated."""


def average_pool(x: jax.Array) -> jax.Array:
    """Averages over 3×3 pixels, without the padding."""
    return nnx.avg_pool(x, (3, 3), padding="SAME", count_include_pad=False)


def max_pool(x: jax.Array) -> jax.Array:
    """Takes the maximum over 3×3 pixels."""
    return nnx.max_pool(x, (3, 3), padding="SAME")


def halve(x: jax.Array) -> jax.Array:
    """Takes the maximum over 3×3 pixels at every second position."""
    return nnx.max_pool(x, (3, 3), strides=(2, 2))


def _half(name: str, channels: int) -> Conv:
    return Conv(name, channels, (3, 3), 2, "VALID")


def _block_a(pooled: int) -> Branches:
    return (
        (Conv("branch1x1", 64),),
        (Conv("branch5x5_1", 48), Conv("branch5x5_2", 64, (5, 5))),
        (
            Conv("branch3x3dbl_1", 64),
            Conv("branch3x3dbl_2", 96, (3, 3)),
            Conv("branch3x3dbl_3", 96, (3, 3)),
        ),
        (average_pool, Conv("branch_pool", pooled)),
    )


_BLOCK_B: Branches = (
    (_half("branch3x3", 384),),
    (
        Conv("branch3x3dbl_1", 64),
        Conv("branch3x3dbl_2", 96, (3, 3)),
        _half("branch3x3dbl_3", 96),
    ),
    (halve,),
)


def _block_c(inner: int) -> Branches:
    return (
        (Conv("branch1x1", 192),),
        (
            Conv("branch7x7_1", inner),
            Conv("branch7x7_2", inner, (1, 7)),
            Conv("branch7x7_3", 192, (7, 1)),
        ),
        (
            Conv("branch7x7dbl_1", inner),
            Conv("branch7x7dbl_2", inner, (7, 1)),
            Conv("branch7x7dbl_3", inner, (1, 7)),
            Conv("branch7x7dbl_4", inner, (7, 1)),
            Conv("branch7x7dbl_5", 192, (1, 7)),
        ),
        (average_pool, Conv("branch_pool", 192)),
    )


_BLOCK_D: Branches = (
    (Conv("branch3x3_1", 192), _half("branch3x3_2", 320)),
    (
        Conv("branch7x7x3_1", 192),
        Conv("branch7x7x3_2", 192, (1, 7)),
        Conv("branch7x7x3_3", 192, (7, 1)),
        _half("branch7x7x3_4", 192),
    ),
    (halve,),
)


def _block_e(pool: Pool) -> Branches:
    return (
        (Conv("branch1x1", 320),),
        (
            Conv("branch3x3_1", 384),
            (Conv("branch3x3_2a", 384, (1, 3)), Conv("branch3x3_2b", 384, (3, 1))),
        ),
        (
            Conv("branch3x3dbl_1", 448),
            Conv("branch3x3dbl_2", 384, (3, 3)),
            (Conv("branch3x3dbl_3a", 384, (1, 3)), Conv("branch3x3dbl_3b", 384, (3, 1))),
        ),
        (pool, Conv("branch_pool", 192)),
    )


STEM: tuple[Step, ...] = (
    Conv("Conv2d_1a_3x3", 32, (3, 3), 2, "VALID"),
    Conv("Conv2d_2a_3x3", 32, (3, 3), 1, "VALID"),
    Conv("Conv2d_2b_3x3", 64, (3, 3)),
    halve,
    Conv("Conv2d_3b_1x1", 80),
    Conv("Conv2d_4a_3x3", 192, (3, 3), 1, "VALID"),
    halve,
)
"""First layers, from images of 299×299 pixels to 35×35 positions."""

BLOCKS: tuple[tuple[str, Branches], ...] = (
    ("Mixed_5b", _block_a(32)),
    ("Mixed_5c", _block_a(64)),
    ("Mixed_5d", _block_a(64)),
    ("Mixed_6a", _BLOCK_B),
    ("Mixed_6b", _block_c(128)),
    ("Mixed_6c", _block_c(160)),
    ("Mixed_6d", _block_c(160)),
    ("Mixed_6e", _block_c(192)),
    ("Mixed_7a", _BLOCK_D),
    ("Mixed_7b", _block_e(average_pool)),
    ("Mixed_7c", _block_e(max_pool)),
)
"""Blocks with branches, at 35×35, 17×17 and 8×8 positions."""


class Unit(nnx.Module):
    """Convolution without bias, BatchNorm and ReLU."""

    def __init__(self, conv: Conv, channels: int, *, rngs: nnx.Rngs) -> None:
        """Creates the layers for inputs with a number of channels."""
        self.conv = nnx.Conv(
            channels,
            conv.channels,
            conv.kernel,
            strides=conv.stride,
            padding=conv.padding,
            use_bias=False,
            kernel_init=_unset,
            rngs=rngs,
        )
        self.bn = nnx.BatchNorm(
            conv.channels, epsilon=1e-3, scale_init=_unset, bias_init=_unset, rngs=rngs
        )

    def __call__(self, x: jax.Array) -> jax.Array:
        """Maps `(n, height, width, channels)` with the stored statistics."""
        return nnx.relu(self.bn(self.conv(x), use_running_average=True))


class Block(nnx.Module):
    """Branches whose outputs are concatenated."""

    def __init__(self, branches: Branches, channels: int, *, rngs: nnx.Rngs) -> None:
        """Creates the units for inputs with `channels` channels, and counts the output channels."""
        self._branches = branches
        self.channels = 0
        for branch in branches:
            self.channels += _add_units(self, branch, channels, rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        """Maps `(n, height, width, channels)` to the outputs of all branches."""
        return jnp.concatenate([_follow(self, branch, x) for branch in self._branches], axis=-1)


class Inception(nnx.Module):
    """Inception-v3 with 2048 features and logits without bias for 1008 classes."""

    def __init__(self, *, rngs: nnx.Rngs) -> None:
        """Creates the layers, whose weights are zero until they are replaced."""
        channels = _add_units(self, STEM, 3, rngs)
        for name, branches in BLOCKS:
            block = Block(branches, channels, rngs=rngs)
            setattr(self, name, block)
            channels = block.channels
        self.fc = nnx.Linear(channels, NUM_CLASSES, kernel_init=_unset, rngs=rngs)

    def __call__(self, images: jax.Array, *, train: bool = False) -> tuple[jax.Array, jax.Array]:
        """Maps images to features and logits; the network is never trained.

        Args:
          images: float32 `(n, 299, 299, 3)` in −1…1.
          train: Must be False.
        """
        if train:
            raise ValueError("Inception: train must be False, got True. Its weights are fixed.")
        x = _follow(self, STEM, images)
        for name, _ in BLOCKS:
            x = getattr(self, name)(x)
        features = x.mean(axis=(1, 2))
        # The Inception score of papers is computed without the bias of the last layer.
        return features, features @ self.fc.kernel[...]


def empty_network() -> Network:
    """Creates the network with all weights zero, before they are loaded from a file."""
    return purify(Inception(rngs=nnx.Rngs(0)))


def _add_units(module: nnx.Module, steps: tuple[Step, ...], channels: int, rngs: nnx.Rngs) -> int:
    """Adds the units of a sequence of steps to a module, and returns its output channels."""
    for step in steps:
        convs = (step,) if isinstance(step, Conv) else step
        if isinstance(convs, tuple):
            for conv in convs:
                setattr(module, conv.name, Unit(conv, channels, rngs=rngs))
            channels = sum(conv.channels for conv in convs)
    return channels


def _follow(module: nnx.Module, steps: tuple[Step, ...], x: jax.Array) -> jax.Array:
    """Applies a sequence of steps with the units of a module."""
    for step in steps:
        if isinstance(step, Conv):
            x = getattr(module, step.name)(x)
        elif isinstance(step, tuple):
            x = jnp.concatenate([getattr(module, conv.name)(x) for conv in step], axis=-1)
        else:
            x = step(x)
    return x
