"""Rows of tables of tuning runs."""

from collections.abc import Callable, Iterable
from typing import Any


def rows_by_min_rate(
    cells: Iterable[dict[str, Any]], text: Callable[[dict[str, Any]], str]
) -> list[tuple[str, str]]:
    """Returns a row for each learning rate of the min player: this rate, and its cells as text.

    Args:
      cells: Tuning runs, each with its `rates` of the min and the max player.
      text: Function that formats the score of a cell.
    """
    rows: dict[float, list[str]] = {}
    for cell in cells:
        low, high = cell["rates"]
        rows.setdefault(low, []).append(f"{high:g}: {text(cell)}")
    return [(f"{low:g}", "; ".join(texts)) for low, texts in sorted(rows.items())]
