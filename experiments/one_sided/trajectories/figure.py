"""Grid of panels with one column per method and one row per schedule."""

import textwrap
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
    below: tuple[Callable[[Axes, dict[str, Any]], None], str] | None = None,
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
      below: Function that draws a second, lower panel of each run, and the label of its axis.
    """
    runs = result["runs"]
    methods = list(dict.fromkeys(name.split(", ")[0] for name in runs))
    schedules = list(dict.fromkeys(name.split(", ")[1] for name in runs))
    kinds = [(panel, ylabel), *([below] if below else [])]
    rows, cols = len(schedules) * len(kinds), len(methods)
    heights = [3.1, 1.6][: len(kinds)] * len(schedules)
    figure, axes = plt.subplots(
        rows,
        cols,
        figsize=(2.9 * max(cols, 2) + 0.6, sum(heights) + 1.3),
        height_ratios=heights,
        sharex=True,
        sharey="row" if below else True,
        squeeze=False,
        layout="constrained",
    )
    for i, schedule in enumerate(schedules):
        for j, method in enumerate(methods):
            found = runs.get(f"{method}, {schedule}")
            for k, (draw, label) in enumerate(kinds):
                axis = axes[i * len(kinds) + k, j]
                if found is None:
                    axis.set_axis_off()
                    continue
                draw(axis, found)
                if not j:
                    prefix = f"max learning rate: {schedule}\n" if not k else ""
                    axis.set_ylabel(f"{prefix}{label}", fontsize=11)
            axes[0, j].set_title(method, fontsize=12)
    for column in axes.T:  # Not every method has a run with every schedule.
        lowest = [axis for axis in column if axis.axison][-1]
        lowest.set_xlabel(xlabel)
        lowest.tick_params(labelbottom=True)
    labels = [handle.get_label() for handle in handles]
    narrow = cols <= 2
    columns = 1 if narrow else columns
    figure.legend(handles, labels, loc="outside lower center", ncols=columns, frameon=False)
    width = f", width {result['width']}" if result["width"] else ""
    changes = [result["loss"]] if "loss" in result else []
    name = ", ".join([result["preset"], *changes, *["balanced"] * result.get("balanced", False)])
    space = "\n" if narrow else " "
    lines = f"{name}{width}:{space}{title}".split("\n")
    if narrow:
        lines = [textwrap.fill(line, 66) for line in lines]
    figure.suptitle("\n".join(lines), fontsize=13)
    save(figure, path, dpi=90)
