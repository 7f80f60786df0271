"""Creates and saves figures without a display."""

import io
from pathlib import Path
from typing import Any

from experiments._shared.files import write_atomically


def subplots(rows: int, columns: int, **options: Any) -> tuple[Any, Any]:
    """Returns a figure and its two-dimensional array of axes."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    return plt.subplots(rows, columns, squeeze=False, layout="constrained", **options)


def save(figure: Any, path: Path) -> None:
    """Writes a figure to a file and closes it."""
    import matplotlib.pyplot as plt

    content = io.BytesIO()
    figure.savefig(content, format=path.suffix.removeprefix("."), dpi=110)
    write_atomically(path, content.getvalue())
    plt.close(figure)
