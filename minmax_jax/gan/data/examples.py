"""Examples with their labels, on the host and on devices."""

from typing import Any, NamedTuple


class Examples(NamedTuple):
    """Images or vectors with their classes.

    It stands for the training examples on a device, and for a batch of them. Wherever it is
    accepted, images alone are too, which means that there are no labels.

    Attributes:
      images: Examples, `(n, *sample_shape)`, or `ShardedImages`.
      labels: Classes, int32 `(n,)`, or None. Of `ShardedImages`, the classes of the rows on this
        device.
    """

    images: Any
    labels: Any = None


def as_examples(data: Any) -> Examples:
    """Returns the examples of a dataset that may consist of images alone."""
    return data if isinstance(data, Examples) else Examples(data)
