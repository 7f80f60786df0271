"""Figure of norm ratios against Fréchet distance."""

from pathlib import Path
from typing import Any

from matplotlib import ticker
from matplotlib.axes import Axes
from matplotlib.axis import Axis

from experiments._shared.figures import GRAY, highlight, plt, save
from experiments.dissecting.images.methods import METHODS

HIGHLIGHTED = ("sgda", "adam_gda", "ada_nsgda", "nsgda", "ada_dir")
LOWEST, HIGHEST = 1e-4, 1e3
"""Range of the ratios on the axis; triangles at its ends show ratios beyond it."""


def draw(result: dict[str, Any], path: Path) -> None:
    """Draws one row of panels per run length, with columns for gradients and updates."""
    lengths = sorted({point["steps"] for point in result["points"]})
    figure, panels = plt.subplots(
        len(lengths),
        2,
        figsize=(11, 4.2 * len(lengths) + 0.4),
        squeeze=False,
        layout="constrained",
    )
    for row, steps in zip(panels, lengths, strict=True):
        for panel, kind in zip(row, ("gradients", "updates"), strict=True):
            draw_panel(panel, result, steps, kind)
    handles = panels[0][0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=4, fontsize=9)
    save(figure, path, dpi=110)


def draw_panel(panel: Axes, result: dict[str, Any], steps: int, kind: str) -> None:
    """Draws the runs of one length, one point per run."""
    here = [point for point in result["points"] if point["steps"] == steps]
    known = [p for p in here if p["distance"] is not None and p[kind] is not None]
    methods = [m for m in METHODS if any(point["method"] == m for point in result["points"])]
    colors = highlight(methods, HIGHLIGHTED)
    gray = [method for method in methods if colors[method] == GRAY]
    markers = dict(zip(gray, "osD^v", strict=False))
    for method in sorted(methods, key=lambda name: colors[name] != GRAY):
        points = [(p[kind], p["distance"]) for p in known if p["method"] == method]
        marker = markers.get(method, "o")
        draw_points(panel, points, colors[method], METHODS[method].title, marker)
    panel.axvline(1, color="0.5", linewidth=0.8)
    label = f"‖discriminator‖ / ‖generator‖ of {kind}, median of the run"
    panel.set(xscale="log", yscale="log", ylabel="Fréchet distance", xlabel=label)
    rows = [row for row in result["rows"] if (row["steps"], row["ratio"]) == (steps, kind)]
    panel.set_title(f"{steps} updates: {correlation_text(rows)}", fontsize=10)
    for axis in (panel.xaxis, panel.yaxis):
        plain_ticks(axis)


def draw_points(
    panel: Axes, points: list[tuple[float, float]], color: str, label: str, marker: str
) -> None:
    """Draws one method's runs; ratios beyond the axis become triangles at its end."""
    options: dict[str, Any] = {"color": color, "markersize": 4, "alpha": 0.7, "linestyle": ""}
    inside = [(x, y) for x, y in points if LOWEST <= x <= HIGHEST]
    xs, ys = zip(*inside, strict=True) if inside else ((), ())
    panel.plot(xs, ys, marker=marker, label=label, **options)
    for x, y in points:
        if x < LOWEST:
            panel.plot(LOWEST, y, marker="<", **options)
        elif x > HIGHEST:
            panel.plot(HIGHEST, y, marker=">", **options)


def correlation_text(rows: list[dict[str, Any]]) -> str:
    """Formats the correlation over all methods, the first of the rows."""
    found = rows[0]["near_one"] if rows else {"value": None}
    if found["value"] is None:
        return "too few runs"
    interval = f"[{found['low']:.2f}, {found['high']:.2f}]"
    return f"ρ(|log ratio|, distance) = {found['value']:.2f} {interval}"


def plain_ticks(axis: Axis) -> None:
    """Labels an axis of less than two decades with plain numbers.

    The ticks are 1, 2 and 5 in each decade, or evenly spaced numbers if the axis is short.
    """
    low, high = axis.get_view_interval()
    if high >= 100 * low:
        return
    if high > 5 * low:
        axis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
    else:
        axis.set_major_locator(ticker.MaxNLocator(10, steps=[1, 2, 5, 10]))
        axis.set_minor_locator(ticker.NullLocator())
    axis.set_major_formatter("{x:g}")
    axis.set_minor_formatter(ticker.NullFormatter())
