"""Finds the image column and the label column of a table."""

import difflib
from typing import Any

from minmax_jax.gan.base.errors import DataError
from minmax_jax.gan.data.listing import NO_LABELS

_LABEL_NAMES = ("label", "labels", "class")


def image_column(name: str, features: Any, chosen: str) -> str:
    """Returns the image column.

    Args:
      name: Name of the dataset, for error messages.
      features: Features of the dataset.
      chosen: Column that the user chose, or "" for the only one.

    Raises:
      DataError: If there is no such column, or more than one and none is chosen.
    """
    import datasets

    images = [key for key, kind in features.items() if isinstance(kind, datasets.Image)]
    if chosen and chosen not in images:
        advice = f"Its image columns: {', '.join(images) or 'none'}."
        raise DataError(f"image_column={chosen!r}: data={name} has no such column. {advice}")
    if chosen or len(images) == 1:
        return chosen or images[0]
    if images:
        raise DataError(
            f"data={name}: there are {len(images)} image columns, {' and '.join(images)}. Pass "
            f"--image-column {images[0]} or another."
        )
    raise DataError(
        f"data={name}: no image column among {list(features)}. Pass a dataset with an image column."
    )


def label_column(name: str, features: Any, chosen: str) -> str | None:
    """Returns the label column, or None if there is none or no labels are wanted.

    Args:
      name: Name of the dataset, for error messages.
      features: Features of the dataset.
      chosen: Column that the user chose, or `"none"` for no labels. With "", it is the
        only column of type `ClassLabel`, or else the only one named label, labels or class.

    Raises:
      DataError: If the chosen column is missing or cannot contain labels. With "", if there
        are several label columns, or a column of such a name cannot contain labels.
    """
    import datasets

    if chosen:
        if chosen == NO_LABELS and chosen not in features:
            return None
        return _check_label_column(name, features, chosen)
    typed = [key for key, kind in features.items() if isinstance(kind, datasets.ClassLabel)]
    named = [
        key for key in features if key.lower() in _LABEL_NAMES and _holds_labels(features, key)
    ]
    candidates = typed or named
    if len(candidates) > 1:
        raise DataError(
            f"data={name}: there are {len(candidates)} label columns, {' and '.join(candidates)}. "
            f"Pass --label-column {candidates[0]} or another, or --label-column none."
        )
    if candidates:
        return candidates[0]
    for key, kind in features.items():
        if key.lower() in _LABEL_NAMES and not isinstance(kind, datasets.Image):
            dtype = getattr(kind, "dtype", None) or type(kind).__name__
            raise DataError(
                f"data={name}: the column {key} has type {dtype}, which is not a type of class "
                "labels. Pass --label-column none to train without labels."
            )
    return None


def _holds_labels(features: Any, column: str) -> bool:
    """Returns whether a column has the type of class labels, integers or strings."""
    import datasets

    kind = features[column]
    dtype = str(getattr(kind, "dtype", ""))
    scalar = isinstance(kind, datasets.Value) and dtype.startswith(
        ("int", "uint", "bool", "string", "large_string")
    )
    return scalar or isinstance(kind, datasets.ClassLabel)


def _check_label_column(name: str, features: Any, column: str) -> str:
    """Returns `column`, or raises `DataError` if it cannot contain class labels."""
    if column not in features:
        near = difflib.get_close_matches(column, features, n=1, cutoff=0.5)
        advice = f"Did you mean {near[0]}?" if near else f"Its columns: {', '.join(features)}."
        raise DataError(f"label_column={column!r}: data={name} has no such column. {advice}")
    if not _holds_labels(features, column):
        kind = features[column]
        dtype = getattr(kind, "dtype", None) or type(kind).__name__
        raise DataError(
            f"label_column={column!r}: in data={name} the column has type {dtype}. Pass a column "
            "of class labels, non-negative integers or strings."
        )
    return column
