"""Oracle calls of several starts in JSON files and tables."""

from collections.abc import Sequence
from typing import Any

import numpy as np


def listed(calls: np.ndarray | None, count: int = 0) -> list[float | None]:
    """Returns the calls as a list, with None for starts that failed.

    Args:
      calls: Calls per start, inf for failures; or None if all starts failed.
      count: Number of starts, if `calls` is None.
    """
    if calls is None:
        return [None] * count
    return [float(value) if np.isfinite(value) else None for value in calls]


def cell(calls: Sequence[float | None]) -> str:
    """Formats the median, with the number of solved starts if some are not; "–" if none is."""
    solved = [call for call in calls if call is not None]
    if not solved:
        return "–"
    middle = np.median([np.inf if call is None else call for call in calls])
    text = f"{middle:.0f}" if np.isfinite(middle) else "∞"
    return text if len(solved) == len(calls) else f"{text} ({len(solved)}/{len(calls)})"


def thinned(curve: np.ndarray, name: str, points: int = 200) -> dict[str, list[Any]]:
    """Returns at most `points` values at about logarithmically spaced updates.

    Args:
      curve: One value per update, the start first.
      name: Key of the values in the result. The key of the updates is `"updates"`.
      points: Largest number of values.
    """
    updates = np.unique(np.geomspace(1, len(curve), points).astype(int)) - 1
    values = [float(f"{value:.4g}") for value in curve[updates]]
    return {"updates": updates.tolist(), name: values}
