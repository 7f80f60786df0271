"""Decodes image columns to arrays, with a cache of the decoded pixels."""

import hashlib
from typing import Any, NamedTuple

import numpy as np

from minmax_jax.gan.base import cache
from minmax_jax.gan.base.errors import DataError

_EIGHT_BIT_MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA")


class Split(NamedTuple):
    """Decoded examples of one split.

    Attributes:
      images: uint8 `(N, height, width, channels)`.
      labels: int32 `(N,)`, or None.
    """

    images: np.ndarray
    labels: np.ndarray | None


def decode(name: str, rows: Any, image: str, label: str | None) -> Split:
    """Returns the images and labels of a split, from the cache if they are there.

    Args:
      name: Name of the dataset, for error messages.
      rows: Split of a `datasets.Dataset`.
      image: Column of the images.
      label: Column of the labels, or None.

    Raises:
      DataError: If an image cannot be decoded, or the images differ in size.
    """
    key = f"{rows._fingerprint} {len(rows)} {image} {label}"
    entry = f"images-{hashlib.sha256(key.encode()).hexdigest()[:24]}"
    stored = cache.load_arrays(entry)
    if stored is not None and "images" in stored:
        return Split(stored["images"], stored.get("labels"))
    split = _decode(name, rows, image, label)
    arrays = {key: array for key, array in split._asdict().items() if array is not None}
    cache.save_arrays(entry, **arrays)
    return split


def _decode(name: str, rows: Any, image: str, label: str | None) -> Split:
    decoded: list[np.ndarray] = []
    try:
        for loaded in rows[image]:
            decoded.append(_pixels(loaded))
    except (OSError, SyntaxError, DataError) as error:  # Pillow raises the first two.
        reason = " ".join(str(error).split())
        if not isinstance(error, DataError):
            reason = f"cannot be decoded ({reason:.200}). Repair or remove it."
        file = _file(rows, image, len(decoded))
        raise DataError(f"data={name}: image {len(decoded)}{file} {reason}") from error
    for index, array in enumerate(decoded):
        if array.shape != decoded[0].shape:
            raise DataError(
                f"data={name}: image 0 is {decoded[0].shape}, image {index} is {array.shape} "
                "(height, width, channels). Resize and convert them to one size and mode."
            )
    labels = None if label is None else np.asarray(rows[label], dtype=np.int32)
    return Split(np.stack(decoded) if decoded else np.zeros((0, 0, 0, 0), np.uint8), labels)


def _file(rows: Any, image: str, index: int) -> str:
    """Returns the file name of one image in parentheses, or "" if it has no file."""
    import datasets

    raw = rows.cast_column(image, datasets.Image(decode=False))[index][image] or {}
    return f" ({raw['path']})" if raw.get("path") else ""


def _pixels(loaded: Any) -> np.ndarray:
    """Converts a Pillow image to uint8 `(height, width, 1 or 3)`."""
    if loaded is None:
        raise DataError("is missing. Remove the row.")
    if loaded.mode not in _EIGHT_BIT_MODES:
        raise DataError(f"has mode {loaded.mode}. Convert it to 8-bit gray or RGB.")
    gray = loaded.mode in ("1", "L", "LA")
    array = np.asarray(loaded.convert("L" if gray else "RGB"))
    return array[..., None] if gray else array
