"""Checks of feature sets, and pairwise distances in blocks of bounded memory."""

from collections.abc import Iterator

import numpy as np

BLOCK = 2**23
"""Number of distances in one block: 64 MiB of float64."""


def check_features(
    function: str, first: np.ndarray, second: np.ndarray, at_least: int = 2
) -> tuple[np.ndarray, np.ndarray]:
    """Returns two feature sets as float64 matrices.

    Args:
      function: Name of the calling function, for error messages.
      first: Features `(n, dimension)`.
      second: Features `(m, dimension)`.
      at_least: Minimum number of rows of each set.

    Raises:
      ValueError: If the sets are not finite matrices of the same dimension with
        at least `at_least` rows.
    """
    first, second = (np.asarray(array, np.float64) for array in (first, second))
    if first.ndim != 2 or second.ndim != 2 or first.shape[1] != second.shape[1]:
        raise ValueError(
            f"{function}: both feature sets must have shape (n, dimension) with the same "
            f"dimension, got {first.shape} and {second.shape}."
        )
    if min(len(first), len(second)) < at_least:
        raise ValueError(
            f"{function}: both feature sets must have at least {at_least} rows, got {len(first)} "
            f"and {len(second)}."
        )
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        raise ValueError(
            f"{function}: the feature sets must be finite. Remove the rows with other values."
        )
    return first, second


def squared_distances(
    rows: np.ndarray, columns: np.ndarray, block: int | None = None
) -> Iterator[tuple[slice, np.ndarray]]:
    """Yields the squared distances `‖x − y‖²` between `rows` and `columns` in blocks of rows.

    Distances are computed as `‖x‖² + ‖y‖² − 2xy`. The rounding error is about
    1e-16 of `‖x‖² + ‖y‖²`: far below the distances between float32 features, and
    zero for small integers.

    Args:
      rows: `(n, dimension)`, float64.
      columns: `(m, dimension)`, float64.
      block: Number of distances in one block. Default: `BLOCK`.

    Yields:
      A slice of rows, and their distances `(rows in the slice, m)`.
    """
    height = max(1, (block or BLOCK) // len(columns))
    norms = (columns**2).sum(axis=1)
    for start in range(0, len(rows), height):
        part = rows[start : start + height]
        distances = part @ columns.T
        distances *= -2
        distances += (part**2).sum(axis=1)[:, None]
        distances += norms
        yield slice(start, start + len(part)), np.maximum(distances, 0, out=distances)
