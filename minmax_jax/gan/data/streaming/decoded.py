"""Decoded images in files, for data whose decoding is slower than training.

A folder has one subfolder per dataset and preprocessing, named by a digest of both, with files of
about 64 MB. A file is written under another name and renamed when it is complete, so that killed
processes leave no part of a file, and several processes can fill one folder. Each image has a
checksum, which is verified whenever it is read. An image with another checksum is decoded again.
"""

import contextlib
import json
import os
import shutil
import threading
import time
import zlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from minmax_jax.gan.base.errors import DataError
from minmax_jax.gan.base.messages import print_note
from minmax_jax.gan.data.decoding import decode
from minmax_jax.gan.data.streaming import scan
from minmax_jax.gan.data.streaming.choice import Streaming
from minmax_jax.gan.data.streaming.lazy import LazyImages

_FILE_BYTES = 64 * 2**20
_STALE = 3600
"""Seconds after which an unfinished file belongs to a process that was killed."""


class DecodedImages:
    """Decoded images of a folder. It can be sent to other processes.

    Args:
      folder: Folder of the files.
      shape: Shape of an image.
      count: Number of images.
    """

    def __init__(self, folder: Path, shape: tuple[int, ...], count: int) -> None:
        self.folder, self.count = folder, count
        self.record = np.dtype([("crc32", "<u4"), ("pixels", "u1", shape)])
        self.size = max(1, min(count, _FILE_BYTES // self.record.itemsize))
        self._opened: dict[int, Any] = {}
        self._lock = threading.Lock()

    def __getstate__(self) -> dict[str, Any]:
        return {"folder": self.folder, "count": self.count, "shape": self.record["pixels"].shape}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["folder"], state["shape"], state["count"])

    def path(self, number: int) -> Path:
        """Returns the path of a file."""
        return self.folder / f"{number:06}.npy"

    def is_whole(self, number: int) -> bool:
        """Returns whether a file exists and is not truncated."""
        return self._open(number) is not None

    def read(self, row: int) -> np.ndarray | None:
        """Returns an image, or None if it is missing or its checksum is wrong."""
        number, place = divmod(row, self.size)
        with self._lock:
            if number not in self._opened:
                self._opened[number] = self._open(number)
            opened = self._opened[number]
        if opened is None:
            return None
        pixels = np.array(opened["pixels"][place])
        return pixels if zlib.crc32(pixels.tobytes()) == opened["crc32"][place] else None

    def _open(self, number: int) -> Any:
        try:
            opened = np.load(self.path(number), mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError):
            return None
        length = min(self.size, self.count - number * self.size)
        return opened if opened.dtype == self.record and opened.shape == (length,) else None

    def write(self, number: int, images: np.ndarray, is_broken: np.ndarray) -> None:
        """Writes a file, whole or not at all.

        Args:
          number: Number of the file.
          images: Its images.
          is_broken: Which images could not be decoded. They get no valid checksum.

        Raises:
          DataError: If the file cannot be written, for example because the disk is full.
        """
        records = np.zeros(len(images), self.record)
        records["pixels"] = images
        sums = [zlib.crc32(image) for image in images]
        records["crc32"] = np.where(is_broken, np.bitwise_not(np.array(sums, np.uint32)), sums)
        temporary = self.folder / f"{number:06}.{os.getpid()}-{threading.get_ident()}.part"
        try:
            with temporary.open("wb") as file:
                np.save(file, records)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, self.path(number))
        except BaseException as error:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            if not isinstance(error, OSError):
                raise
            raise DataError(
                f"cache_decoded={self.folder.parent}: cannot write {self.path(number).name} "
                f"({error.strerror or error}). Make space, pass another folder, or omit "
                "cache_decoded. Complete files will be used again."
            ) from error


class _Fill(NamedTuple):
    """Function that writes one file."""

    images: LazyImages
    store: DecodedImages
    missing: tuple[int, ...]

    def __call__(self, positions: range) -> int:
        images, store = self.images, self.store
        for number in (self.missing[position] for position in positions):
            if store.is_whole(number):  # Another process has written it.
                continue
            first = number * store.size
            rows = np.arange(first, min(first + store.size, store.count))
            options = images.options._replace(skip_broken=True)
            found = decode(images.name, images.rows, rows, options, images.shape[1:])
            whole = np.zeros((len(rows), *images.shape[1:]), np.uint8)
            whole[found.rows - first] = found.images
            store.write(number, whole, ~np.isin(rows, found.rows))
        return len(positions)


def build(streaming: Streaming, entry: str, images: LazyImages) -> DecodedImages:
    """Decodes the images that a folder does not contain yet, and returns its images.

    Broken images are left out; reading them raises the error of decoding them.

    Args:
      streaming: Names the folder and the number of processes.
      entry: Name of the subfolder, a digest of the files and the preprocessing.
      images: All images.

    Raises:
      DataError: If the folder cannot be written, or the disk is too small.
      DataFailed: If a process fails.
    """
    folder = Path(streaming.cache).expanduser() / entry
    store = DecodedImages(folder, images.shape[1:], len(images))
    missing = _prepare(store, streaming.cache)
    if not missing:
        return store
    print_note(
        f"{images.name}: decoding {len(images):,} images to {folder} ({len(missing)} files); "
        "this happens once"
    )
    # Processes that fill one folder together start at different files.
    shift = os.getpid() % len(missing)
    rotated = (*missing[shift:], *missing[:shift])
    blocks = scan.Blocks(_Fill(images, store, rotated), len(rotated), 1)
    for _ in scan.run(blocks, streaming.workers, f"decoding to {streaming.cache}"):
        pass
    return store


def _prepare(store: DecodedImages, argument: str) -> list[int]:
    """Creates the folder and returns the numbers of its missing files."""
    count = -(-store.count // store.size)
    try:
        store.folder.mkdir(parents=True, exist_ok=True)
        about = {"images": store.count, "shape": store.record["pixels"].shape}
        (store.folder / "about.json").write_text(json.dumps(about) + "\n")
        for part in store.folder.glob("*.part"):
            if time.time() - part.stat().st_mtime > _STALE:
                part.unlink(missing_ok=True)
        missing = [number for number in range(count) if not store.is_whole(number)]
        needed = len(missing) * store.size * store.record.itemsize
        free = shutil.disk_usage(store.folder).free
    except OSError as error:
        raise DataError(
            f"cache_decoded={argument}: {error.strerror}. Pass a folder that can be written."
        ) from error
    if needed > free:
        raise DataError(
            f"cache_decoded={argument}: the decoded images need {needed / 1e9:,.1f} GB, and "
            f"{free / 1e9:,.1f} GB are free. Pass a folder on a larger disk, or omit cache_decoded."
        )
    return missing
