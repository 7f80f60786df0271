"""Types that describe a dataset in memory."""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import numpy as np

from minmax_jax.gan.data.checksum import crc32


class Modes(NamedTuple):
    """Modes of a Gaussian mixture.

    Attributes:
      centers: Means of the modes, `(num_modes, dimension)`.
      std: Standard deviation of every mode in every direction.
    """

    centers: np.ndarray
    std: float


class Totals(NamedTuple):
    """Counts and checksum of examples that are sharded over processes.

    Attributes:
      count: Number of training examples in all processes.
      crc32: Checksum of all of them, in the order of the dataset.
      test_count: Number of held-out examples, which a process with a shard does not
        hold.
      identity: Checksum that every process computes from what it can read cheaply:
        the names, sizes and classes of all examples. It differs if the processes
        read different datasets.
      class_counts: Number of training examples of each class in all processes, if known.
      labels_crc32: Checksum of the classes of all training examples, if known.
    """

    count: int
    crc32: int
    test_count: int = 0
    identity: int = 0
    class_counts: tuple[int, ...] | None = None
    labels_crc32: int | None = None


class Skipped(NamedTuple):
    """An example that was left out.

    Attributes:
      file: Its file, or its row and split.
      reason: Why it was left out.
    """

    file: str
    reason: str


ShardFn = Callable[[int], slice]
"""Maps the number of training examples to the range that this process loads."""


class LazyExamples(Protocol):
    """Examples that are read when they are needed, in the place of an array.

    They can be sent to other processes.

    Attributes:
      shape: Number of examples and shape of each of them.
      dtype: uint8 for images, float32 for vectors.
      identity: Checksum of what identifies the examples without reading all of them.
    """

    shape: tuple[int, ...]
    dtype: Any
    identity: int

    def __len__(self) -> int: ...

    def __getitem__(self, index: Any) -> np.ndarray:
        """Returns the examples at an integer, a slice or an array of integers."""
        ...


class Data(NamedTuple):
    """A dataset in memory, or one that is streamed.

    Attributes:
      images: Training examples: uint8 `(N, height, width, channels)` or float32
        `(N, dimension)`. `LazyExamples` if they are streamed.
      labels: Classes of the training examples, int32 `(N,)`, or None.
      test_images: Held-out examples, of the same kind as `images`.
      test_labels: Classes of the held-out examples, or None.
      name: Name or path that the dataset was loaded from.
      num_classes: Number of classes, or None.
      kind: `"image"` or `"vector"`.
      modes: True modes of a synthetic mixture, or None.
      totals: Counts and checksum of all examples if this process holds only a shard
        of them, otherwise None.
      notes: Lines for the user that say what was chosen, converted or left out.
      skipped: Broken examples that were left out.
    """

    images: Any
    labels: np.ndarray | None
    test_images: Any
    test_labels: np.ndarray | None
    name: str
    num_classes: int | None
    kind: str
    modes: Modes | None = None
    totals: Totals | None = None
    notes: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()

    @property
    def is_streamed(self) -> bool:
        """Whether the training examples are read while a run trains."""
        return hasattr(self.images, "identity")

    @property
    def crc32(self) -> int:
        """Checksum of all training examples; of their files if they are streamed."""
        if self.totals:
            return self.totals.crc32
        return self.images.identity if self.is_streamed else crc32(self.images)

    @property
    def count(self) -> int:
        """Number of training examples in all processes."""
        return self.totals.count if self.totals else len(self.images)

    @property
    def class_counts(self) -> tuple[int, ...] | None:
        """Number of training examples of each class in all processes, or None without labels."""
        if self.totals and self.totals.class_counts is not None:
            return self.totals.class_counts
        if self.labels is None:
            return None
        return tuple(np.bincount(self.labels, minlength=self.num_classes or 0).tolist())

    @property
    def labels_crc32(self) -> int | None:
        """Checksum of the classes of all training examples, or None without labels."""
        if self.totals and self.totals.labels_crc32 is not None:
            return self.totals.labels_crc32
        return None if self.labels is None else crc32(np.asarray(self.labels, np.int32))

    @property
    def test_count(self) -> int:
        """Number of held-out examples."""
        return self.totals.test_count if self.totals else len(self.test_images)
