"""Reads image datasets that are tables, from the Hub or from a folder."""

import contextlib
import glob
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from minmax_jax.gan.base.errors import DataError
from minmax_jax.gan.base.messages import printable
from minmax_jax.gan.data import columns
from minmax_jax.gan.data import labels as labels_lib
from minmax_jax.gan.data.listing import SPLITS, Listing
from minmax_jax.gan.data.rows import Source, TableRows


def read_table(
    name: str, label_column: str = "", image_column: str = "", listing: Listing | None = None
) -> Source:
    """Reads a dataset with `datasets.load_dataset`, or a folder written by `save_to_disk`.

    Args:
      name: Folder or hub name.
      label_column: Column of the labels, or `"none"` for no labels. Default: the only
        column of the type `ClassLabel`, or else the only one named label, labels or
        class.
      image_column: Column of the images. Default: the only one.
      listing: Files of the folder if it contains images and a table of metadata.

    Raises:
      DataError: If the dataset cannot be read, or its image or label column is missing, ambiguous
        or of the wrong type.
    """
    found = _load(name, listing)
    train_name, test_name, notes = _choose_splits(name, found)
    train = found[train_name]
    image = columns.image_column(name, train.features, image_column)
    label = columns.label_column(name, train.features, label_column)
    tables = {split: found[split] for split in (train_name, test_name) if split}
    for split, rows in tables.items():
        for column in filter(None, (image, label)):
            if column not in rows.features:
                raise DataError(f"data={name}: the split {split} has no column {column!r}.")
    classes, num_classes = _classes(name, label, list(tables.values()))
    rows = [TableRows(split, table, image) for split, table in tables.items()]
    if listing and (missing := len(listing.images) - sum(map(len, found.values()))) > 0:
        notes.append(f"left out: images without a row in the metadata ({missing:,})")
    return Source(
        rows[0],
        rows[1] if test_name else None,
        classes[0] if classes else None,
        classes[1] if classes and test_name else None,
        num_classes,
        tuple(notes),
    )


def _load(name: str, listing: Listing | None) -> dict[str, Any]:
    """Returns the splits that have rows."""
    import datasets

    loaded: Any
    try:
        with _quiet():
            if listing:
                loaded = datasets.load_dataset("imagefolder", data_files=_patterns(listing))
            elif (Path(name) / "dataset_dict.json").exists():
                loaded = datasets.load_from_disk(name)
            elif (Path(name) / "state.json").exists():  # One split, as `save_to_disk` writes it.
                loaded = {"train": datasets.load_from_disk(name)}
            else:
                loaded = datasets.load_dataset(name)
    except Exception as error:  # `datasets` raises many types: network, names, files, permissions.
        # The outer error often says no more than that an error occurred.
        reason = printable(" ".join(str(error.__cause__ or error).split()))[:300]
        remedy = (
            "Pass a folder of images or parquet files, a hub name, digits or gaussians."
            if os.path.exists(name)
            else "There is no such folder here. Check the path, or the hub name and the connection."
        )
        raise DataError(
            f"data={name}: datasets.load_dataset cannot read it ({reason}). {remedy}"
        ) from error
    splits = {str(split): rows for split, rows in dict(loaded).items() if len(rows)}
    if not splits:
        raise DataError(
            f"data={name}: the dataset has no rows. Pass a folder of images or parquet files."
        )
    return splits


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Switches off the progress bars and the log of `datasets`; its errors are raised too."""
    import datasets

    verbosity, bars = datasets.logging.get_verbosity(), datasets.are_progress_bars_disabled()
    datasets.logging.set_verbosity(logging.CRITICAL)
    datasets.disable_progress_bars()
    try:
        yield
    finally:
        datasets.logging.set_verbosity(verbosity)
        if not bars:
            datasets.enable_progress_bars()


def _patterns(listing: Listing) -> dict[str, list[str]]:
    """Returns the files of each split: folders named exactly as splits, or else all files."""
    root = glob.escape(str(listing.root))
    tops = {image[0] for image in listing.images if len(image) > 1}
    splits = [split for split in SPLITS if split in tops]
    shared = [f"{root}/{path.name}" for path in listing.root.glob("metadata.*")]
    if not splits:
        return {"train": [f"{root}/**"]}
    return {split: [*shared, f"{root}/{split}/**"] for split in splits}


def _choose_splits(name: str, splits: dict[str, Any]) -> tuple[str, str | None, list[str]]:
    """Returns the names of the training and the test split, and a note about the others."""
    if "train" not in splits and len(splits) > 1:
        raise DataError(
            f"data={name}: there are splits {', '.join(splits)}, but none named train. Save the "
            "one to train on as a folder of its own."
        )
    train = "train" if "train" in splits else next(iter(splits))
    test = next((split for split in ("test", "validation") if split in splits), None)
    test = None if test == train else test
    rest = [f"{s} ({len(rows):,})" for s, rows in splits.items() if s not in (train, test)]
    notes = [f"trained on the only split, {train}"] if train != "train" else []
    return train, test, [*notes, *([f"left out: split {', '.join(rest)}"] if rest else [])]


def _classes(name: str, label: str | None, tables: list[Any]) -> tuple[list[Any], int | None]:
    """Returns the classes of each split, and the number of classes."""
    if label is None:
        return [], None
    where = f"label_column={label!r}: in data={name} the labels"
    values = [table.data.column(label).to_pylist() for table in tables]
    classes, count = labels_lib.to_classes(where, *values)
    declared = getattr(tables[0].features[label], "num_classes", None)
    return classes, max(declared or 0, count)
