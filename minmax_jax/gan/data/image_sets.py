"""Image sets as `datasets.load_dataset` reads them: from a hub name or a folder, decoded once."""

import difflib
import hashlib
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from minmax_jax.gan.base import cache
from minmax_jax.gan.base.errors import DataError

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


def load_image_set(
    name: str, label_column: str = "", take: Callable[[int], slice] | None = None
) -> tuple[Split, Split, int | None, int]:
    """Returns training split, test split, number of classes, and of training examples in all.

    The image column is the only one of the feature type `Image`. The label column is the
    one given, of class labels or whole numbers from 0; by default the only one of the type
    `ClassLabel`, and if there is no such one the set has no labels. Decoded pixels are kept in
    the user's cache.

    Raises:
      DataError: see the message, one line that says what to do.
    """
    splits = _read(name)
    train = splits["train"] if "train" in splits else splits[next(iter(splits))]
    image, label, num_classes = _columns(name, train.features, label_column)
    test_name = next((s for s in ("test", "validation") if s in splits), None)
    if test_name is None:
        rows = len(train) - round(HELD_OUT * len(train))
        train, test = train.select(range(rows)), train.select(range(rows, len(train)))
    else:
        test = splits[test_name]
    count = len(train)
    if take:  # the others are other processes' to read
        train, test = train.select(range(*take(count).indices(count))), test.select([])
    decoded = [_decode_cached(name, rows, image, label) for rows in (train, test)]
    if len(test) and decoded[0].images.shape[1:] != decoded[1].images.shape[1:]:
        raise DataError(
            f"data={name}: training images are {_size(decoded[0])}, test images "
            f"{_size(decoded[1])}; make them one size"
        )
    return decoded[0], decoded[1], num_classes or _count_classes(name, label, *decoded), count


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


def _columns(name: str, features: Any, label_column: str) -> tuple[str, str | None, int | None]:
    """Returns the image column, the label column and the number of classes, where they say it."""
    import datasets

    images = [key for key, kind in features.items() if isinstance(kind, datasets.Image)]
    if len(images) != 1:
        found = f"image columns {images}" if images else f"no image column among {list(features)}"
        raise DataError(f"data={name}: {found}; give a set with exactly one column of images")
    if label_column:
        label: str | None = _label_column(name, features, label_column)
    else:
        labels = [key for key, kind in features.items() if isinstance(kind, datasets.ClassLabel)]
        label = labels[0] if len(labels) == 1 else None
    return images[0], label, getattr(features[label], "num_classes", None) if label else None


def _label_column(name: str, features: Any, column: str) -> str:
    import datasets

    if column not in features:
        near = difflib.get_close_matches(column, features, n=1, cutoff=0.5)
        advice = f"did you mean {near[0]}?" if near else f"it has {', '.join(features)}"
        raise DataError(f"label_column={column!r}: data={name} has no such column; {advice}")
    kind = features[column]
    whole = str(getattr(kind, "dtype", "")).startswith(("int", "uint"))
    if not (isinstance(kind, datasets.ClassLabel) or whole):
        held = getattr(kind, "dtype", None) or type(kind).__name__
        raise DataError(
            f"label_column={column!r}: data={name} holds {held} there; give a column of class "
            "labels or of whole numbers from 0"
        )
    return column


def _count_classes(name: str, label: str | None, *splits: Split) -> int | None:
    """Returns the number of classes of a column of whole numbers."""
    if label is None:
        return None
    labels = np.concatenate([split.labels for split in splits if split.labels is not None])
    if labels.min() < 0:
        raise DataError(
            f"label_column={label!r}: data={name} holds {labels.min()} there; number the classes "
            "from 0"
        )
    return int(labels.max()) + 1


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
            pixels.append(_pixels(picture))
    except (OSError, SyntaxError, DataError) as error:  # the first two by Pillow: damaged files
        reason = " ".join(str(error).split())
        if not isinstance(error, DataError):
            reason = f"cannot be decoded ({reason:.200}); repair or remove it"
        where = _where(rows, image, len(pixels))
        raise DataError(f"data={name}: image {len(pixels)}{where} {reason}") from error
    for index, array in enumerate(pixels):
        if array.shape != pixels[0].shape:
            raise DataError(
                f"data={name}: image 0 is {pixels[0].shape}, image {index} is {array.shape} "
                "(height, width, channels); resize and convert them to one size and mode"
            )
    labels = None if label is None else np.asarray(rows[label], dtype=np.int32)
    return Split(np.stack(pixels) if pixels else np.zeros((0, 0, 0, 0), np.uint8), labels)


def _where(rows: Any, image: str, index: int) -> str:
    """Returns the file of one image in brackets, if it came from one of its own."""
    import datasets

    raw = rows.cast_column(image, datasets.Image(decode=False))[index][image] or {}
    return f" ({raw['path']})" if raw.get("path") else ""


def _pixels(picture: Any) -> np.ndarray:
    if picture is None:
        raise DataError("is missing; remove the row")
    if picture.mode not in _EIGHT_BIT_MODES:
        raise DataError(f"has mode {picture.mode}; convert it to 8-bit grey or RGB")
    grey = picture.mode in ("1", "L", "LA")
    array = np.asarray(picture.convert("L" if grey else "RGB"))
    return array[..., None] if grey else array


def _size(split: Split) -> str:
    return "x".join(map(str, split.images.shape[1:]))
