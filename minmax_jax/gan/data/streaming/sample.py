"""Decodes a sample of a streamed dataset into memory."""

import math
from typing import Any

import numpy as np

from minmax_jax.gan.data import row_order
from minmax_jax.gan.data.dataset import Data

MAX_BYTES = 2**30
"""Largest size of the training examples of a sample, and of its held-out examples."""


def in_memory(data: Data) -> Data:
    """Returns a dataset in memory: the given one, or a sample of a streamed one.

    The sample has the proportions of the classes, and contains all examples if they take at most
    1 GiB.
    """
    if not data.is_streamed:
        return data
    images, labels = _sample(data.images, data.labels)
    test_images, test_labels = _sample(data.test_images, data.test_labels)
    return data._replace(
        images=images, labels=labels, test_images=test_images, test_labels=test_labels
    )


def _sample(images: Any, labels: np.ndarray | None) -> tuple[np.ndarray, np.ndarray | None]:
    size = math.prod(images.shape[1:]) * images.dtype.itemsize
    rows = row_order.sample_rows(images, labels, max(1, MAX_BYTES // size))
    return np.asarray(images[rows]), None if labels is None else labels[rows]
