"""Norms from the recorded squares, which noise correction can make negative."""

from typing import Any

import numpy as np


def as_array(values: Any) -> np.ndarray:
    """Returns recorded values over (seed, time) as an array, with NaN for None."""
    return np.array([[np.nan if v is None else v for v in row] for row in values], float)


def root(values: np.ndarray) -> np.ndarray:
    """Returns the root of squares of at least 1e-30."""
    return np.sqrt(np.maximum(values, 1e-30))


def median_norm(recorded: dict[str, Any]) -> np.ndarray:
    """Returns the median norm over seeds; squares below their error are replaced by it."""
    squares, errors = (as_array(recorded[part]) for part in ("corrected", "stderr"))
    return root(np.median(np.maximum(squares, errors), axis=0))
