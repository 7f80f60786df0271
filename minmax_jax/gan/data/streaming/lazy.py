"""Images that are decoded when they are read."""

import operator
from typing import Any, Protocol

import numpy as np

from minmax_jax.gan.base.errors import DataError
from minmax_jax.gan.data.decoding import decode, size_text
from minmax_jax.gan.data.preprocessing import Preprocessing
from minmax_jax.gan.data.rows import Rows


class Store(Protocol):
    """Decoded images that are stored elsewhere."""

    def read(self, row: int) -> np.ndarray | None:
        """Returns an image, or None if it is not stored or its checksum is wrong."""
        ...


class LazyImages:
    """Images of one split, in the place of the array of a dataset in memory.

    `images[rows]` decodes some images and returns an array. It can be sent to other processes.

    Args:
      name: Name of the dataset, for error messages.
      rows: Encoded images.
      chosen: Rows that belong to the split, in their order, or None for all.
      options: Options of preprocessing.
      shape: Shape of every image: height, width, channels.
      store: Decoded images, indexed by row, or None.
      identity: Checksum of the names, sizes and classes of all images of the dataset.
    """

    dtype = np.dtype(np.uint8)
    ndim = 4

    def __init__(
        self,
        name: str,
        rows: Rows,
        chosen: np.ndarray | None,
        options: Preprocessing,
        shape: tuple[int, ...],
        store: Store | None = None,
        identity: int = 0,
    ) -> None:
        self.identity = identity
        self.name, self.rows, self.chosen = name, rows, chosen
        self.options, self.store = options._replace(skip_broken=False), store
        self.shape = (len(rows) if chosen is None else len(chosen), *shape)

    @property
    def nbytes(self) -> int:
        """Size of all decoded images in bytes."""
        return int(np.prod(self.shape, dtype=object))

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: Any) -> np.ndarray:
        """Decodes images.

        Args:
          index: An integer, a slice, or an array of integers.

        Raises:
          DataError: If an image cannot be read or decoded, or has another size.
        """
        if isinstance(index, slice):
            return self._decode(np.arange(len(self))[index])
        if np.ndim(index) == 0:
            return self._decode(np.array([range(len(self))[operator.index(index)]]))[0]
        index = np.asarray(index)
        return self._decode(np.flatnonzero(index) if index.dtype == bool else index)

    def __array__(self, *args: Any, **kwargs: Any) -> np.ndarray:
        raise DataError(
            f"data={self.name}: {len(self):,} images of {size_text(self.shape[1:])} would be "
            "decoded into memory, but they are streamed. Read some of them with images[rows], or "
            "load the data without streaming."
        )

    def _decode(self, positions: np.ndarray) -> np.ndarray:
        rows = positions if self.chosen is None else self.chosen[positions]
        found = np.empty((len(rows), *self.shape[1:]), np.uint8)
        missing = []
        for place, row in enumerate(rows):
            stored = self.store.read(int(row)) if self.store else None
            if stored is None:
                missing.append(place)
            else:
                found[place] = stored
        if missing:
            chosen = rows[missing]
            found[missing] = decode(
                self.name, self.rows, chosen, self.options, self.shape[1:]
            ).images
        return found
