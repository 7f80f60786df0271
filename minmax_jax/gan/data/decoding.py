"""Decodes the encoded images of a dataset to one array."""

import functools
import io
import threading
import warnings
from collections import Counter
from typing import NamedTuple

import numpy as np
from PIL import Image

from minmax_jax.gan.base.errors import DataError
from minmax_jax.gan.base.messages import printable
from minmax_jax.gan.data.conversion import Broken, to_pixels
from minmax_jax.gan.data.dataset import Skipped
from minmax_jax.gan.data.preprocessing import Preprocessing
from minmax_jax.gan.data.rows import Rows

_FORMATS = {
    *("AVIF", "BMP", "DIB", "GIF", "JPEG", "JPEG2000", "PNG", "PPM", "TGA", "TIFF", "WEBP"),
}
"""Formats that are opened. Others would start programs (EPS) or are not single images, and their
content could hide behind any file name."""


class Decoded(NamedTuple):
    """Decoded examples.

    Attributes:
      images: uint8 `(N, height, width, channels)`.
      rows: Row of each image.
      changes: Number of images by the kind of conversion.
      skipped: Broken images, which are not in `images`.
    """

    images: np.ndarray
    rows: np.ndarray
    changes: Counter[str]
    skipped: tuple[Skipped, ...]


def decode(
    name: str,
    rows: Rows,
    chosen: np.ndarray,
    options: Preprocessing,
    shape: tuple[int, ...] | None = None,
) -> Decoded:
    """Decodes some rows.

    Args:
      name: Name of the dataset, for error messages.
      rows: Encoded images.
      chosen: Rows to decode.
      options: Options of preprocessing.
      shape: Shape that every image must have. Default: the shape of the first one.

    Raises:
      DataError: If an image cannot be decoded, or the images differ in size.
    """
    images = np.zeros((0, *(shape or (0, 0, 0))), np.uint8)
    kept: list[int] = []
    skipped: list[Skipped] = []
    changes: Counter[str] = Counter()
    with _PILLOW_WARNINGS:
        for row in chosen:
            try:
                pixels, converted = _decode_one(rows, int(row), options)
            except Broken as error:
                file = printable(rows.name(int(row)))
                if not options.skip_broken:
                    raise DataError(
                        f"data={name}: {file} {error}. Repair or remove it, or pass --skip-broken."
                    ) from error
                skipped.append(Skipped(file, str(error)))
                continue
            except DataError as error:
                raise DataError(f"data={name}: {printable(rows.name(int(row)))} {error}") from error
            if not kept:
                shape = shape or pixels.shape
                images = _allocate(name, len(chosen), shape)
            if pixels.shape != shape:
                _refuse_size(name, rows.name(int(row)), pixels.shape, images.shape[1:], options)
            images[len(kept)] = pixels
            kept.append(int(row))
            changes.update(converted)
    return Decoded(images[: len(kept)], np.array(kept, np.int64), changes, tuple(skipped))


class _PillowWarnings:
    """Block in which Pillow's warnings about oddities in files that it can read are ignored.

    Several threads can be in the block. The filters of Python are shared by all threads, so the
    first thread sets them and the last one restores them.
    """

    def __init__(self) -> None:
        self._lock, self._threads = threading.Lock(), 0
        self._filters = warnings.catch_warnings()

    def __enter__(self) -> None:
        with self._lock:
            self._threads += 1
            if self._threads == 1:
                self._filters = warnings.catch_warnings()
                self._filters.__enter__()
                warnings.simplefilter("ignore")
                warnings.simplefilter("error", Image.DecompressionBombWarning)

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._threads -= 1
            if not self._threads:
                self._filters.__exit__(None, None, None)


_PILLOW_WARNINGS = _PillowWarnings()


def _decode_one(rows: Rows, row: int, options: Preprocessing) -> tuple[np.ndarray, list[str]]:
    """Decodes one image, whose content may be anything."""
    try:
        content = rows.content(row)
        if content is None:
            raise Broken("has no image")
        with Image.open(io.BytesIO(content), formats=_formats()) as image:
            return to_pixels(image, options, content)
    except (Broken, DataError):
        raise
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise Broken(
            f"has more than {Image.MAX_IMAGE_PIXELS or 0:,} pixels, which could fill the memory"
        ) from error
    except Exception as error:  # Damaged files raise nearly every type of error in Pillow.
        # Pillow's message about an unknown format contains the address of the buffer.
        known = "" if "cannot identify" in str(error) else f" ({_reason(error)})"
        raise Broken(f"cannot be decoded{known}") from error


@functools.cache
def _formats() -> list[str]:
    """Returns the formats that this version of Pillow can open."""
    Image.init()
    return [name for name in Image.ID if name in _FORMATS]


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return printable(" ".join(str(error).split()))[:200] or type(error).__name__


def _allocate(name: str, count: int, shape: tuple[int, ...]) -> np.ndarray:
    try:
        return np.empty((count, *shape), np.uint8)
    except MemoryError as error:
        gigabytes = count * np.prod(shape, dtype=float) / 1e9
        raise DataError(
            f"data={name}: {count:,} images of {size_text(shape)} need {gigabytes:,.0f} GB of "
            "memory. Pass --resize N for smaller images."
        ) from error


def _refuse_size(
    name: str, file: str, found: tuple[int, ...], shape: tuple[int, ...], options: Preprocessing
) -> None:
    """Raises the error about an image of another shape, with the flag that helps."""
    flags = []
    if found[:2] != shape[:2]:
        flags += [] if options.resize else [f"--resize {min(*found[:2], *shape[:2])}"]
        flags += [] if options.crop != "none" else ["--crop center"]
    if found[2] != shape[2]:
        flags.append("--channels 3 (or 1)")
    raise DataError(
        f"data={name}: images must have one size, got {size_text(shape)} and {size_text(found)} "
        f"({printable(file)}). Pass {' '.join(flags)}."
    )


def size_text(shape: tuple[int, ...]) -> str:
    """Returns a shape as width×height×channels: the order that users know."""
    height, width, channels = shape
    return f"{width}×{height}×{channels}"
