"""What the metrics share: checked pairs of feature sets, and distances in blocks."""

from collections.abc import Iterator

import numpy as np

BLOCK = 2**23
"""Numbers in one block of distances: 64 MiB of float64."""


def feature_sets(
    function: str, first: np.ndarray, second: np.ndarray, at_least: int = 2
) -> tuple[np.ndarray, np.ndarray]:
    """Returns two feature sets in float64.

    Raises:
      ValueError: if they are no two finite matrices of one width with enough rows.
    """
    first, second = (np.asarray(array, np.float64) for array in (first, second))
    if first.ndim != 2 or second.ndim != 2 or first.shape[1] != second.shape[1]:
        raise ValueError(
            f"{function}: the feature sets must be (n, dimension) with one dimension, got "
            f"{first.shape} and {second.shape}."
        )
    if min(len(first), len(second)) < at_least:
        raise ValueError(
            f"{function}: needs at least {at_least} rows each, got {len(first)} and {len(second)}."
        )
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        raise ValueError(
            f"{function}: the feature sets must be finite; leave out rows that are not."
        )
    return first, second


def squared_distances(
    rows: np.ndarray, columns: np.ndarray, block: int | None = None
) -> Iterator[tuple[slice, np.ndarray]]:
    """Yields `‖x − y‖²` for some rows x and every column y, as `(slice of rows, distances)`.

    As `‖x‖² + ‖y‖² − 2xy`, whose rounding is about 1e-16 of `‖x‖² + ‖y‖²`: in float64 far
    below the distances between float32 features, and exact for small whole numbers.

    Args:
      rows: `(n, dimension)`, float64.
      columns: `(m, dimension)`, float64.
      block: numbers in one block, `BLOCK` by default.
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
