"""Rounding of results for JSON files."""

from typing import Any

import numpy as np


def round_significant(values: Any, digits: int = 4) -> Any:
    """Rounds numbers to significant digits; NaN and infinity become None.

    Args:
      values: A number, or nested sequences or an array of numbers.
      digits: Number of significant digits.

    Returns:
      A float or None, or nested lists of them.
    """
    if np.ndim(values):
        return [round_significant(value, digits) for value in values]
    return float(f"{values:.{digits}g}") if np.isfinite(values) else None
