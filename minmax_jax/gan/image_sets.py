"""Image sets as `datasets.load_dataset` reads them: from a hub name or a folder, decoded once."""

import hashlib
from typing import Any, NamedTuple

import numpy as np

from minmax_jax.gan import cache
from minmax_jax.gan.errors import DataError

HELD_OUT = 0.1
"""Share of a set without a test split that is held out, the last of its rows."""

_EIGHT_BIT_MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA")


class Split(NamedTuple):
    """Decoded rows.

    Attributes:
      images: uint8 `(N, height, width, channels)`.
      labels: int32 `(N,)`, or None.
    """

    images: np.ndarray
    labels: np.ndarray | None


def load_image_set(name: str) -> tuple[Split, Split, int | None]:
    """Returns the training split, the test split and the number of classes.

    The image column and the label column are the only ones of the feature types `Image` and
    `ClassLabel`. Decoded pixels are kept in the user's cache.

    Raises:
      DataError: see the message, one line that says what to do.
    """
    splits = _read(name)
    train = splits["train"] if "train" in splits else splits[next(iter(splits))]
    image, label, num_classes = _columns(name, train.features)
    test_name = next((s for s in ("test", "validation") if s in splits), None)
    if test_name is None:
        rows = len(train) - round(HELD_OUT * len(train))
        train, test = train.select(range(rows)), train.select(range(rows, len(train)))
    else:
        test = splits[test_name]
    decoded = [_decode_cached(name, rows, image, label) for rows in (train, test)]
    if decoded[0].images.shape[1:] != decoded[1].images.shape[1:]:
        raise DataError(
            f"data={name}: training images are {_size(decoded[0])}, test images "
            f"{_size(decoded[1])}; make them one size"
        )
    return decoded[0], decoded[1], num_classes


def _read(name: str) -> Any:
    import datasets

    datasets.disable_progress_bars()
    try:
        splits = datasets.load_dataset(name)
    except Exception as error:  # the reasons are many: network, name, files, permissions
        reason = " ".join(str(error).split())[:300]
        raise DataError(
            f"data={name}: datasets.load_dataset cannot read it ({reason}); give a folder of "
            "images or parquet files, a hub name, digits or gaussians"
        ) from error
    if not splits or not len(splits[next(iter(splits))]):
        raise DataError(f"data={name}: it has no rows; give a folder that holds images")
    return splits


def _columns(name: str, features: Any) -> tuple[str, str | None, int | None]:
    import datasets

    images = [key for key, kind in features.items() if isinstance(kind, datasets.Image)]
    labels = [key for key, kind in features.items() if isinstance(kind, datasets.ClassLabel)]
    if len(images) != 1:
        found = f"image columns {images}" if images else f"no image column among {list(features)}"
        raise DataError(f"data={name}: {found}; give a set with exactly one column of images")
    label = labels[0] if len(labels) == 1 else None
    return images[0], label, features[label].num_classes if label else None


def _decode_cached(name: str, rows: Any, image: str, label: str | None) -> Split:
    key = f"{rows._fingerprint} {len(rows)} {image} {label}"
    entry = f"images-{hashlib.sha256(key.encode()).hexdigest()[:24]}"
    stored = cache.load_arrays(entry)
    if stored is None or "images" not in stored:
        split = _decode(name, rows, image, label)
        kept = {"images": split.images}
        if split.labels is not None:
            kept["labels"] = split.labels
        cache.save_arrays(entry, **kept)
        return split
    return Split(stored["images"], stored.get("labels"))


def _decode(name: str, rows: Any, image: str, label: str | None) -> Split:
    pixels: list[np.ndarray] = []
    try:
        for picture in rows[image]:
            pixels.append(_pixels(name, len(pixels), picture))
    except (OSError, SyntaxError) as error:  # what Pillow raises for damaged files
        raise DataError(
            f"data={name}: image {len(pixels)} cannot be decoded ({error}); repair or remove it"
        ) from error
    for index, array in enumerate(pixels):
        if array.shape != pixels[0].shape:
            raise DataError(
                f"data={name}: image 0 is {pixels[0].shape}, image {index} is {array.shape} "
                "(height, width, channels); resize and convert them to one size and mode"
            )
    labels = None if label is None else np.asarray(rows[label], dtype=np.int32)
    return Split(np.stack(pixels), labels)


def _pixels(name: str, index: int, picture: Any) -> np.ndarray:
    if picture is None:
        raise DataError(f"data={name}: row {index} has no image; remove the row")
    if picture.mode not in _EIGHT_BIT_MODES:
        raise DataError(
            f"data={name}: image {index} has mode {picture.mode}; convert it to 8-bit grey or RGB"
        )
    grey = picture.mode in ("1", "L", "LA")
    array = np.asarray(picture.convert("L" if grey else "RGB"))
    return array[..., None] if grey else array


def _size(split: Split) -> str:
    return "x".join(map(str, split.images.shape[1:]))
