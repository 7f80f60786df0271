"""Types that describe a dataset in memory."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np


class Modes(NamedTuple):
    """Modes of a Gaussian mixture.

    Attributes:
      centers: Means of the modes, `(num_modes, dimension)`.
      std: Standard deviation of every mode in every direction.
    """

    centers: np.ndarray
    std: float


class Totals(NamedTuple):
    """Count and checksum of training examples that are sharded over processes.

    Attributes:
      count: Number of training examples in all processes.
      crc32: Checksum of all of them, in the order of the dataset.
    """

    count: int
    crc32: int


ShardFn = Callable[[int], slice]
"""Maps the number of training examples to the range that this process loads."""


class Data(NamedTuple):
    """A dataset in memory.

    Attributes:
      images: Training examples: uint8 `(N, height, width, channels)` or float32
        `(N, dimension)`.
      labels: Classes of the training examples, int32 `(N,)`, or None.
      test_images: Held-out examples, of the same kind as `images`.
      test_labels: Classes of the held-out examples, or None.
      name: Name or path that the dataset was loaded from.
      num_classes: Number of classes, or None.
      kind: `"image"` or `"vector"`.
      modes: True modes of a synthetic mixture, or None.
      totals: Count and checksum of all training examples if this process holds
        only a shard of them, otherwise None.
    """

    images: np.ndarray
    labels: np.ndarray | None
    test_images: np.ndarray
    test_labels: np.ndarray | None
    name: str
    num_classes: int | None
    kind: str
    modes: Modes | None = None
    totals: Totals | None = None

    @property
    def count(self) -> int:
        """Number of training examples in all processes."""
        return self.totals.count if self.totals else len(self.images)
