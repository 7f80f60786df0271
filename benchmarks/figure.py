"""Creates and saves figures without a display."""

from pathlib import Path
from typing import Any


def subplots(rows: int, columns: int, **options: Any) -> tuple[Any, Any]:
    """Returns a figure and its two-dimensional array of axes."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    return plt.subplots(rows, columns, squeeze=False, layout="constrained", **options)


def save(figure: Any, path: Path) -> None:
    """Writes a figure to a file and closes it."""
    import matplotlib.pyplot as plt

    figure.savefig(path, dpi=110)
    plt.close(figure)
