"""Classifier networks, plain for gray images and residual for color images."""

from functools import partial

import jax
from flax import nnx


class Plain(nnx.Module):
    """Network with two strided convolutions, 128 features and one logit per class."""

    def __init__(
        self, shape: tuple[int, ...], num_classes: int, width: int = 16, *, rngs: nnx.Rngs
    ) -> None:
        """Creates `width` and 2·`width` channels at 1/2 and 1/4 of the resolution."""
        conv = partial(nnx.Conv, kernel_size=(5, 5), rngs=rngs)
        norm = partial(nnx.BatchNorm, momentum=0.9, rngs=rngs)
        self.conv0, self.norm0 = conv(shape[-1], width, strides=2, use_bias=False), norm(width)
        self.conv1 = conv(width, 2 * width, strides=2, use_bias=False)
        self.norm1 = norm(2 * width)
        positions = -(-shape[0] // 4) * -(-shape[1] // 4)
        self.dense = nnx.Linear(positions * 2 * width, 128, rngs=rngs)
        self.head = nnx.Linear(128, num_classes, rngs=rngs)

    def __call__(self, images: jax.Array, *, train: bool) -> tuple[jax.Array, jax.Array]:
        """Maps `(batch, height, width, channels)` to features and logits."""
        x = nnx.relu(self.norm0(self.conv0(images), use_running_average=not train))
        x = nnx.relu(self.norm1(self.conv1(x), use_running_average=not train))
        features = nnx.relu(self.dense(x.reshape(x.shape[0], -1)))
        return features, self.head(features)


class Residual(nnx.Module):
    """Network with two residual blocks, 128 features and one logit per class.

    The first convolution cuts the image into patches at about 16×16 positions.
    """

    def __init__(
        self, shape: tuple[int, ...], num_classes: int, width: int = 16, *, rngs: nnx.Rngs
    ) -> None:
        """Creates `width` channels at 16×16 positions and 2·`width` at 8×8."""
        conv = partial(nnx.Conv, use_bias=False, rngs=rngs)
        norm = partial(nnx.BatchNorm, momentum=0.9, rngs=rngs)
        stride = max(1, min(shape[:2]) // 16)
        size, twice = (2 * stride, 2 * stride), 2 * width
        self.conv0, self.norm0 = conv(shape[-1], width, size, strides=stride), norm(width)
        self.conv1, self.norm1 = conv(width, width, (3, 3)), norm(width)
        self.conv2, self.norm2 = conv(width, width, (3, 3)), norm(width)
        self.conv3, self.norm3 = conv(width, twice, (3, 3), strides=2), norm(twice)
        self.conv4, self.norm4 = conv(twice, twice, (3, 3)), norm(twice)
        self.conv5, self.norm5 = conv(twice, twice, (3, 3)), norm(twice)
        sides = [(-(-side // stride) + 1) // 2 for side in shape[:2]]
        self._window = tuple(max(1, side // 2) for side in sides)
        positions = [side // window for side, window in zip(sides, self._window, strict=True)]
        self.dense = nnx.Linear(positions[0] * positions[1] * twice, 128, rngs=rngs)
        self.head = nnx.Linear(128, num_classes, rngs=rngs)

    def __call__(self, images: jax.Array, *, train: bool) -> tuple[jax.Array, jax.Array]:
        """Maps `(batch, height, width, channels)` to features and logits."""

        def layer(conv: nnx.Conv, norm: nnx.BatchNorm, x: jax.Array) -> jax.Array:
            return nnx.relu(norm(conv(x), use_running_average=not train))

        x = layer(self.conv0, self.norm0, images)
        x = x + layer(self.conv2, self.norm2, layer(self.conv1, self.norm1, x))
        x = layer(self.conv3, self.norm3, x)
        x = x + layer(self.conv5, self.norm5, layer(self.conv4, self.norm4, x))
        x = nnx.max_pool(x, self._window, self._window)
        features = nnx.relu(self.dense(x.reshape(x.shape[0], -1)))
        return features, self.head(features)
