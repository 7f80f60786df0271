"""Loads image datasets from a hub name or a folder with `datasets.load_dataset`."""

import difflib
from typing import Any

import numpy as np

from minmax_jax.gan.base.errors import DataError
from minmax_jax.gan.data.dataset import ShardFn
from minmax_jax.gan.data.decoding import Split, decode

HELD_OUT = 0.1
"""Proportion of a dataset without a test split that is held out: its last rows."""


def load_image_set(
    name: str, label_column: str = "", shard_fn: ShardFn | None = None
) -> tuple[Split, Split, int | None, int]:
    """Loads the training and test splits of an image dataset.

    The image column is the only column of the feature type `Image`. Decoded
    pixels are kept in the user's cache.

    Args:
      name: Folder or hub name.
      label_column: Column of class labels or of non-negative integers. Default:
        the only `ClassLabel` column, if there is exactly one.
      shard_fn: Range of training examples to load. With it, the test split is
        empty. Default: all examples.

    Returns:
      Training split, test split, number of classes (None without labels), and
      number of training examples in all shards.

    Raises:
      DataError: If the dataset cannot be read, its columns do not fit, or its
        images differ in size.
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
    if shard_fn:
        train, test = train.select(range(*shard_fn(count).indices(count))), test.select([])
    decoded = [decode(name, rows, image, label) for rows in (train, test)]
    if len(test) and decoded[0].images.shape[1:] != decoded[1].images.shape[1:]:
        raise DataError(
            f"data={name}: training images are {_size(decoded[0])}, test images are "
            f"{_size(decoded[1])}. Resize them to one size."
        )
    return decoded[0], decoded[1], num_classes or _count_classes(name, label, *decoded), count


def _read(name: str) -> Any:
    """Returns the splits that `datasets.load_dataset` finds."""
    import datasets

    datasets.disable_progress_bars()
    try:
        splits = datasets.load_dataset(name)
    except Exception as error:  # `datasets` raises many types: network, names, files, permissions.
        reason = " ".join(str(error).split())[:300]
        raise DataError(
            f"data={name}: datasets.load_dataset cannot read it ({reason}). Pass a folder of "
            "images or parquet files, a hub name, digits or gaussians."
        ) from error
    if not splits or not len(splits[next(iter(splits))]):
        raise DataError(
            f"data={name}: the dataset has no rows. Pass a folder that contains images."
        )
    return splits


def _columns(name: str, features: Any, label_column: str) -> tuple[str, str | None, int | None]:
    """Returns the image column, the label column, and the number of classes if declared."""
    import datasets

    images = [key for key, kind in features.items() if isinstance(kind, datasets.Image)]
    if len(images) != 1:
        found = f"image columns {images}" if images else f"no image column among {list(features)}"
        raise DataError(f"data={name}: {found}. Pass a dataset with exactly one image column.")
    if label_column:
        label: str | None = _check_label_column(name, features, label_column)
    else:
        labels = [key for key, kind in features.items() if isinstance(kind, datasets.ClassLabel)]
        label = labels[0] if len(labels) == 1 else None
    return images[0], label, getattr(features[label], "num_classes", None) if label else None


def _check_label_column(name: str, features: Any, column: str) -> str:
    """Returns `column`, or raises `DataError` if it cannot contain class labels."""
    import datasets

    if column not in features:
        near = difflib.get_close_matches(column, features, n=1, cutoff=0.5)
        advice = f"Did you mean {near[0]}?" if near else f"Its columns: {', '.join(features)}."
        raise DataError(f"label_column={column!r}: data={name} has no such column. {advice}")
    kind = features[column]
    is_integer = str(getattr(kind, "dtype", "")).startswith(("int", "uint"))
    if not (isinstance(kind, datasets.ClassLabel) or is_integer):
        dtype = getattr(kind, "dtype", None) or type(kind).__name__
        raise DataError(
            f"label_column={column!r}: in data={name} the column has type {dtype}. Pass a column "
            "of class labels or of non-negative integers."
        )
    return column


def _count_classes(name: str, label: str | None, *splits: Split) -> int | None:
    """Returns the number of classes of an integer column: its largest value plus 1."""
    if label is None:
        return None
    labels = np.concatenate([split.labels for split in splits if split.labels is not None])
    if labels.min() < 0:
        raise DataError(
            f"label_column={label!r}: in data={name} the column contains {labels.min()}. Number "
            "the classes from 0."
        )
    return int(labels.max()) + 1


def _size(split: Split) -> str:
    return "x".join(map(str, split.images.shape[1:]))
