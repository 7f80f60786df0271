"""Grid of panels with one column per method and one row per schedule."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes

from experiments._shared.figures import plt, save


def draw_grid(
    result: dict[str, Any],
    path: Path,
    panel: Callable[[Axes, dict[str, Any]], None],
    handles: list[Any],
    *,
    xlabel: str,
    ylabel: str,
    title: str,
    columns: int,
) -> None:
    """Draws one panel per run of a result.

    Args:
      result: Content of the JSON file; the names of its runs are "METHOD, SCHEDULE".
      path: File of the figure.
      panel: Function that draws one run.
      handles: Labeled lines of the legend.
      xlabel: Label of the horizontal axes.
      ylabel: Label of the vertical axes.
      title: Title, which follows the preset and its width.
      columns: Columns of the legend.
    """
    runs = result["runs"]
    methods = list(dict.fromkeys(name.split(", ")[0] for name in runs))
    schedules = list(dict.fromkeys(name.split(", ")[1] for name in runs))
    rows, cols = len(schedules), len(methods)
    figure, axes = plt.subplots(
        rows,
        cols,
        figsize=(2.9 * cols + 0.6, 3.1 * rows + 1.3),
        sharex=True,
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    for i, schedule in enumerate(schedules):
        for j, method in enumerate(methods):
            panel(axes[i, j], runs[f"{method}, {schedule}"])
            axes[0, j].set_title(method, fontsize=12)
            axes[-1, j].set_xlabel(xlabel)
        axes[i, 0].set_ylabel(f"max learning rate: {schedule}\n{ylabel}", fontsize=11)
    labels = [handle.get_label() for handle in handles]
    figure.legend(handles, labels, loc="outside lower center", ncols=columns, frameon=False)
    width = f", width {result['width']}" if result["width"] else ""
    figure.suptitle(f"{result['preset']}{width}: {title}", fontsize=13)
    save(figure, path, dpi=90)
