"""Streams datasets that are arrays or that the user registered."""

from typing import Any

import numpy as np

from minmax_jax.gan.base.errors import DataError
from minmax_jax.gan.data.checksum import crc32
from minmax_jax.gan.data.dataset import Data


class ArrayExamples:
    """Examples of an array, which are streamed like those of a larger dataset.

    Args:
      values: uint8 images or float32 vectors.
    """

    def __init__(self, values: np.ndarray) -> None:
        self._values, self.shape, self.dtype = values, values.shape, values.dtype
        self.identity = crc32(values)

    def __len__(self) -> int:
        return len(self._values)

    def __getitem__(self, index: Any) -> np.ndarray:
        return self._values[index]

    def __array__(self, *args: Any, **kwargs: Any) -> np.ndarray:
        return np.asarray(self._values, *args, **kwargs)


def stream(data: Data) -> Data:
    """Returns a dataset whose training examples are streamed.

    Args:
      data: Dataset in memory, or a registered dataset of `LazyExamples`.

    Raises:
      DataError: If lazy examples do not have a supported shape and dtype.
    """
    note = "streamed: read while the run trains"
    if data.is_streamed:
        images = data.images
        dtype, dimensions = np.dtype(images.dtype), len(images.shape)
        if (dtype, dimensions) not in ((np.dtype(np.uint8), 4), (np.dtype(np.float32), 2)):
            raise DataError(
                f"data={data.name}: lazy examples must be uint8 images (N, height, width, 1 or 3) "
                f"or float32 vectors (N, d), got {dtype}{list(images.shape)}. Convert them."
            )
        return data._replace(notes=(*data.notes, note))
    return data._replace(images=ArrayExamples(data.images), notes=(*data.notes, note))
