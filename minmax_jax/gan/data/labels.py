"""Converts labels of any type to classes 0, 1, …."""

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from minmax_jax.gan.base.errors import DataError
from minmax_jax.gan.base.messages import short

MAX_CLASSES = 65_536
"""Largest number of classes. Networks have one output per class."""


def to_classes(where: str, *parts: Sequence[Any]) -> tuple[list[np.ndarray], int]:
    """Converts the labels of all splits to classes.

    Integers are classes already. Strings become classes in alphabetical order.

    Args:
      where: What contains the labels, for error messages: "from_arrays: labels".
      *parts: Labels of each split: integers or strings.

    Returns:
      Classes of each split, int32, and the number of classes.

    Raises:
      DataError: If a label is missing, negative, huge or of another type, or if
        there are nearly as many different strings as examples.
    """
    values = [value for part in parts for value in part]
    for row, value in enumerate(values):
        if value is None or value != value:  # A missing number is NaN.
            raise DataError(
                f"{where} must be complete, got no label in row {_row(parts, row)}. Add it, "
                "remove the row, or load without labels."
            )
    if values and all(isinstance(value, str) for value in values):
        return _from_strings(where, values, parts)
    for row, value in enumerate(values):
        if not isinstance(value, int | np.integer | np.bool_) or not 0 <= value < MAX_CLASSES:
            raise DataError(
                f"{where} must be integers from 0 to {MAX_CLASSES - 1} or strings, got "
                f"{short(value)} in row {_row(parts, row)}. Number the classes from 0, or load "
                "without labels."
            )
    return [np.asarray(part, np.int32) for part in parts], int(max(values, default=-1)) + 1


def digest(*parts: str) -> str:
    """Returns a digest of texts, for the name of a cache entry."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:24]


def _from_strings(
    where: str, values: list[str], parts: Sequence[Sequence[str]]
) -> tuple[list[np.ndarray], int]:
    names = sorted(set(values))
    if len(names) > min(MAX_CLASSES, max(2, len(values) // 2)):
        raise DataError(
            f"{where} must be class labels, got {len(names)} different strings in {len(values)} "
            f"rows, such as {short(values[0])}. Choose another column, or load without labels."
        )
    index = {name: number for number, name in enumerate(names)}
    return [np.array([index[value] for value in part], np.int32) for part in parts], len(names)


def _row(parts: Sequence[Sequence[Any]], row: int) -> str:
    """Returns the number of a row, with its split if there are several."""
    for number, part in enumerate(parts):
        if row < len(part):
            return f"{row} of the {'test' if number else 'training'} examples"
        row -= len(part)
    raise IndexError(row)
