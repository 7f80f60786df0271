"""A dataset of random pixels."""

import numpy as np

from minmax_jax import gan


def make_noise(count: int, side: int, channels: int) -> gan.Data:
    """Returns `count` square images of random pixels, with two of them held out."""
    images = np.random.default_rng(0).integers(0, 256, (count, side, side, channels), np.uint8)
    labels = np.zeros(count, np.int32)
    return gan.Data(images, labels, images[:2], labels[:2], "noise", 1, "image")
