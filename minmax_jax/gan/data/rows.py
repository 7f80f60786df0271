"""Examples of a dataset that are not decoded yet."""

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np


class Rows(Protocol):
    """Encoded images of one split."""

    @property
    def fingerprint(self) -> str:
        """Text that changes with the content of the rows."""
        ...

    @property
    def outline(self) -> bytes:
        """Names or sizes of the images, which are equal on all hosts with the same dataset."""
        ...

    def __len__(self) -> int: ...

    def name(self, row: int) -> str:
        """Returns the name of a row for messages."""
        ...

    def content(self, row: int) -> bytes | None:
        """Returns an encoded image, or None if the row has none."""
        ...


class Source(NamedTuple):
    """Encoded images of a dataset, with their classes.

    Attributes:
      train: Training examples.
      test: Held-out examples, or None if the dataset has no test split.
      labels: Classes of the training examples, int32 `(N,)`, or None.
      test_labels: Classes of the held-out examples, or None.
      num_classes: Number of classes, or None.
      notes: What was left out, for the load report.
    """

    train: Rows
    test: Rows | None
    labels: np.ndarray | None
    test_labels: np.ndarray | None
    num_classes: int | None
    notes: tuple[str, ...]


class FileRows:
    """Image files.

    Args:
      root: Folder that contains the files.
      files: Their paths, relative to `root`.
    """

    def __init__(self, root: Path, files: Sequence[str]) -> None:
        self._root, self._files = root, files

    @property
    def fingerprint(self) -> str:
        """Path, size and time of the last change of every file."""
        times = [_status(self._root / file)[1] for file in self._files]
        return f"{self._root.resolve()} {self.outline} {times}"

    @property
    def outline(self) -> bytes:
        """Paths in the dataset, and sizes."""
        return repr([(file, _status(self._root / file)[0]) for file in self._files]).encode()

    def __len__(self) -> int:
        return len(self._files)

    def name(self, row: int) -> str:
        """Returns the path of a file."""
        return str(self._root / self._files[row])

    def content(self, row: int) -> bytes:
        """Returns the content of a file."""
        return (self._root / self._files[row]).read_bytes()


def _status(path: Path) -> tuple[int, int]:
    """Returns the size and the time of the last change of a file."""
    try:
        status = path.stat()
    except OSError:  # A broken link, which is reported when it is decoded.
        return -1, 0
    return status.st_size, status.st_mtime_ns


class TableRows:
    """Rows of a `datasets.Dataset`.

    Args:
      split: Name of the split.
      rows: The dataset, as it was loaded.
      column: Column of the images.
    """

    def __init__(self, split: str, rows: Any, column: str) -> None:
        import datasets

        # The library's own fingerprint may stay the same when a program writes other images, for
        # example with `Dataset.from_generator`.
        files = [_status(Path(file["filename"])) for file in rows.cache_files]
        self._split, self._column = split, column
        self._fingerprint = f"{split} {rows._fingerprint} {len(rows)} {column} {files}"
        self._encoded = rows.select_columns([column]).cast_column(
            column, datasets.Image(decode=False)
        )

    def __getstate__(self) -> dict[str, Any]:
        """Returns what another process needs: paths of memory-mapped files, not their content."""
        return {name: value for name, value in self.__dict__.items() if name != "_cells"}

    @functools.cached_property
    def _cells(self) -> Any:
        return self._encoded.data.column(self._column)

    @property
    def fingerprint(self) -> str:
        """Fingerprint of the dataset, its column, and sizes and times of its files."""
        return self._fingerprint

    @property
    def outline(self) -> bytes:
        """Sizes of the images that the table contains."""
        import pyarrow.compute

        compute: Any = pyarrow.compute  # Its functions are created at import.
        sizes: list[int] = []
        for part in self._cells.chunks:
            encoded = compute.struct_field(part, "bytes")
            sizes += compute.binary_length(encoded).to_pylist()
        return repr(sizes).encode()

    def __len__(self) -> int:
        return len(self._cells)

    def name(self, row: int) -> str:
        """Returns the number and the split of a row, and the path of its image if it has one."""
        path = (self._cells[row].as_py() or {}).get("path")
        return f"row {row} of split {self._split}{f' ({path})' if path else ''}"

    def content(self, row: int) -> bytes | None:
        """Returns the bytes of an image, which are in the row or in a file."""
        cell = self._cells[row].as_py()
        if cell is None or (cell["bytes"] is None and not cell["path"]):
            return None
        return Path(cell["path"]).read_bytes() if cell["bytes"] is None else cell["bytes"]
