"""Figures without a screen, and plots that several experiments share."""

import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from experiments._shared.files import write_atomically
from experiments._shared.means import mean_interval

__all__ = ["GRAY", "highlight", "plot_seeds", "plt", "save"]

GRAY = "0.75"
"""Color of lines that are not highlighted."""
MAX_HIGHLIGHTED = 5
HIGHLIGHTS = ("tab:blue", "tab:orange", "tab:green", "tab:red", "black")


def save(figure: Any, path: Path, dpi: int = 100) -> None:
    """Writes a figure to a file and closes it."""
    content = io.BytesIO()
    figure.savefig(content, format=path.suffix.removeprefix("."), dpi=dpi)
    write_atomically(path, content.getvalue())
    plt.close(figure)


def highlight(names: Iterable[str], chosen: Sequence[str]) -> dict[str, str]:
    """Returns a color for each name: own ones for the chosen names, gray for all others.

    Args:
      names: Names of all lines.
      chosen: Names of at most five lines to highlight; those that are not in `names` are skipped.

    Raises:
      ValueError: If more than five names are chosen.
    """
    if len(chosen) > MAX_HIGHLIGHTED:
        raise ValueError(f"chosen must be at most {MAX_HIGHLIGHTED} names, got {len(chosen)}.")
    colors = dict(zip(chosen, HIGHLIGHTS, strict=False))
    return {name: colors.get(name, GRAY) for name in names}


def plot_seeds(axes: Axes, row: int, values: list[float | None], alpha: float = 0.5) -> None:
    """Plots one row: a point per seed, and the mean with its 95 % interval.

    Args:
      axes: Axes to plot on.
      row: Vertical position.
      values: One value per seed; runs without a value are left out.
      alpha: Opacity of the points.
    """
    known = [value for value in values if value is not None]
    axes.plot(known, [row] * len(known), "o", color="tab:blue", alpha=alpha, markersize=4)
    if len(known) > 1:
        mean, low, high = mean_interval(known)
        ends = [[mean - low], [high - mean]]
        axes.errorbar(mean, row, xerr=ends, fmt="|", color="black", capsize=3)
