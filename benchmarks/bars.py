"""Horizontal bar charts of time ratios with their quartiles."""

from collections.abc import Mapping
from pathlib import Path

from benchmarks import figure as figure_lib
from benchmarks.clock import Ratio

COLORS = {"mm.": "C0", "handwritten": "0.55", "torch": "C1", "optimetry": "C1", "PyTorch": "C1"}
"""Mapping from the prefix of a name to its color. All other names belong to Optax."""


def draw(
    panels: Mapping[str, Mapping[str, Ratio]], label: str, path: Path, target: float | None = None
) -> None:
    """Draws one panel of bars per group of ratios, from top to bottom.

    Args:
      panels: For each title, a mapping from name to ratio.
      label: Label of the horizontal axis.
      path: Image file to write.
      target: Position of a second dotted line. The first one is at 1.
    """
    heights = [len(panel) for panel in panels.values()]
    figure, axes = figure_lib.subplots(
        len(panels),
        1,
        figsize=(8, 0.9 * len(panels) + 0.27 * sum(heights)),
        gridspec_kw={"height_ratios": heights},
    )
    for axis, (title, ratios) in zip(axes[:, 0], panels.items(), strict=True):
        for row, (name, ratio) in enumerate(ratios.items()):
            color = next((c for start, c in COLORS.items() if name.startswith(start)), "C2")
            ends = [[ratio.median - ratio.low], [ratio.high - ratio.median]]
            axis.barh(row, ratio.median, xerr=ends, color=color, height=0.7, capsize=2)
            axis.text(ratio.high, row, f"  {ratio.median:.2f}", va="center", fontsize=8)
        for line in (1.0, *([target] if target else [])):
            axis.axvline(line, color="0.3", linewidth=0.8, linestyle=":")
        axis.set_yticks(range(len(ratios)), list(ratios), fontsize=8)
        axis.set_ylim(len(ratios) - 0.5, -0.5)
        axis.set_xlim(0, 1.12 * max(ratio.high for ratio in ratios.values()))
        axis.set_title(title, fontsize=10, loc="left")
        axis.spines[["top", "right"]].set_visible(False)
    axes[-1, 0].set_xlabel(label)
    figure_lib.save(figure, path)
