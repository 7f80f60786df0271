"""Loads image datasets from a folder or a hub name."""

import functools
import os
import zlib
from pathlib import Path

import numpy as np

from minmax_jax.gan.base.errors import DataError
from minmax_jax.gan.data import (
    array_records,
    folder,
    held_out,
    loading,
    remembered,
    report,
    tables,
)
from minmax_jax.gan.data import listing as listing_lib
from minmax_jax.gan.data import parts as parts_lib
from minmax_jax.gan.data.dataset import Data, ShardFn, Totals
from minmax_jax.gan.data.loading import Announce
from minmax_jax.gan.data.preprocessing import Preprocessing
from minmax_jax.gan.data.rows import Source, TableRows
from minmax_jax.gan.data.streaming import choice, lazy_sets
from minmax_jax.gan.data.streaming.choice import NEVER, Streaming

DEFAULTS = Preprocessing()
"""Leaves images as they are."""


def load_image_set(
    name: str,
    label_column: str = "",
    shard_fn: ShardFn | None = None,
    *,
    image_column: str = "",
    options: Preprocessing = DEFAULTS,
    streaming: Streaming = NEVER,
    announce: Announce | None = None,
) -> Data:
    """Loads the training and held-out examples of an image dataset.

    Args:
      name: Folder or hub name.
      label_column: Column of the labels, or `"none"`. See `tables.read_table`.
      shard_fn: Function that maps the number of training examples to the range to
        load. With it, no held-out examples are loaded and the checksum in
        `Data.totals` is 0. Default: all examples are loaded.
      image_column: Column of the images. Default: the only one.
      options: Options of preprocessing.
      streaming: Whether to decode all images now, or each image when it is needed.
      announce: Called with the outline of the dataset before its images are decoded, unless that
        takes no time or images may be left out.

    Raises:
      DataError: If the dataset cannot be read, its image or label column is missing, ambiguous or
        of the wrong type, or its images differ in size.
    """
    # A process with a shard reads the table, because its shard depends on the number of rows.
    columns = (label_column, image_column)
    is_whole = shard_fn is None and not streaming.always
    entry = remembered.entry_of(name, columns, options) if is_whole else None
    if entry and (known := remembered.load(entry, name, choice.largest_size(streaming))):
        return known
    source = _read(name, label_column, image_column)
    if len(source.train) >= held_out.MIN_EXAMPLES:
        reason = choice.reason(name, source, shard_fn, options, streaming)
        if reason is not None:
            return lazy_sets.load(name, source, options, streaming, reason, _identity(source))
    data = _load(name, source, shard_fn, options, announce)
    if entry and isinstance(source.train, TableRows):
        remembered.save(entry, data, parts_lib.entry_of(source, None, options))
    return data


def _load(
    name: str,
    source: Source,
    shard_fn: ShardFn | None,
    options: Preprocessing,
    announce: Announce | None,
) -> Data:
    """Decodes a dataset and checks its size."""
    if len(source.train) < held_out.MIN_EXAMPLES:
        _refuse_few(name, len(source.train))
    found = announce and functools.partial(_announce, announce, name, source)
    parts = parts_lib.load_parts(name, source, shard_fn, options, found)
    counts = parts.counts
    if counts[0] < held_out.MIN_EXAMPLES - (source.test is None):
        _refuse_few(name, counts[0])
    if counts[1] == 0:
        raise DataError(f"data={name}: no test image can be decoded. Repair the test images.")
    notes = [*([held_out.NOTE] if source.test is None else []), *source.notes]
    notes += report.changes(parts.changes)
    train_labels, test_labels = parts.labels(source)
    return Data(
        images=parts.train,
        labels=train_labels,
        test_images=parts.test,
        test_labels=test_labels,
        name=name,
        num_classes=source.num_classes,
        kind="image",
        totals=Totals(counts[0], 0, counts[1], _identity(source)) if shard_fn else None,
        notes=tuple(notes),
        skipped=parts.skipped,
    )


def _announce(
    announce: Announce, name: str, source: Source, rows: np.ndarray, shape: tuple[int, ...]
) -> None:
    labels = None if source.labels is None else source.labels[rows]
    nothing = np.zeros((0, *shape[1:]), np.uint8)
    empty = Data(nothing, labels, nothing, None, name, source.num_classes, "image")
    announce(loading.outline(empty, shape))


def _read(name: str, label_column: str, image_column: str) -> Source:
    """Finds the encoded images of a dataset and their classes."""
    if not listing_lib.is_folder(name):
        if _cannot_be_a_hub_name(name) and not Path(name).exists():
            raise DataError(f"data={name}: there is no such folder. Check the path.")
        if os.path.isfile(name):
            raise DataError(f"data={name}: it is a file. Pass a folder of images or parquet files.")
        return tables.read_table(name, label_column, image_column)
    listing = listing_lib.list_files(Path(name))
    if not listing.images:
        if array_records.files_of(Path(name)):
            return array_records.read(name, label_column, image_column)
        return tables.read_table(name, label_column, image_column)
    if listing.has_metadata:
        return tables.read_table(name, label_column, image_column, listing)
    if image_column:
        raise DataError(
            f"image_column={image_column!r}: data={name} is a folder of images and has no "
            "columns. Omit image_column."
        )
    return folder.read_folder(name, listing, label_column)


def _identity(source: Source) -> int:
    """Returns a checksum of the dataset that does not depend on the host or the process."""
    checksum = 0
    for rows, labels in ((source.train, source.labels), (source.test, source.test_labels)):
        checksum = zlib.crc32(rows.outline if rows else b"", checksum)
        checksum = zlib.crc32(b"" if labels is None else labels.tobytes(), checksum)
    return checksum


def _cannot_be_a_hub_name(name: str) -> bool:
    """Returns whether `name` can only be a path. Hub names are NAME or USER/NAME."""
    return name.startswith((".", "/", "~")) or (name.count("/") > 1 and "://" not in name)


def _refuse_few(name: str, count: int) -> None:
    raise DataError(
        f"data={name}: at least {held_out.MIN_EXAMPLES} images are needed, got {count}. Add images."
    )
