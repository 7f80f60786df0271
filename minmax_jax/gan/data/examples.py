"""Examples with their labels, on the host and on devices."""

from typing import Any, NamedTuple, TypeVar

import jax
import numpy as np

Array = TypeVar("Array", jax.Array, np.ndarray)


class Examples(NamedTuple):
    """Images or vectors with their classes.

    It stands for the training examples on a device, and for a batch of them. Wherever it is
    accepted, images alone are too, which means that there are no labels.

    Attributes:
      images: Examples, `(n, *sample_shape)`, or `ShardedImages`, or the `StepWindow` of a dataset
        that is not in memory.
      labels: Classes, int32 `(n,)`, or None. Of `ShardedImages`, the classes of the rows on this
        device.
    """

    images: Any
    labels: Any = None


def as_examples(data: Any) -> Examples:
    """Returns the examples of a dataset that may consist of images alone."""
    return data if isinstance(data, Examples) else Examples(data)


def to_float(images: Array) -> Array:
    """Maps uint8 values 0…255 to float32 values −1…1; leaves floats unchanged."""
    return images.astype(np.float32) / 127.5 - 1.0 if images.dtype == np.uint8 else images
