"""The figure of `pace`: ratio of norms against Fréchet distance, a point a run."""

from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
from matplotlib import ticker
from matplotlib.axis import Axis

from experiments.dissecting.images.methods import METHODS


def draw(result: dict[str, Any], path: Path) -> None:
    """Draws a row of panels for each length of runs, a column for gradients and for updates."""
    lengths = sorted({p["steps"] for p in result["points"]})
    methods = [m for m in METHODS if any(p["method"] == m for p in result["points"])]
    figure, panels = plt.subplots(len(lengths), 2, figsize=(11, 4.2 * len(lengths) + 0.4),
                                  squeeze=False, layout="constrained")  # fmt: skip
    for row, steps in zip(panels, lengths, strict=True):
        for panel, kind in zip(row, ("gradients", "updates"), strict=True):
            here = [p for p in result["points"] if p["steps"] == steps]
            known = [p for p in here if p["distance"] is not None and p[kind] is not None]
            for index, method in enumerate(methods):
                own = [(p[kind], p["distance"]) for p in known if p["method"] == method]
                panel.plot(*(zip(*own, strict=True) if own else ((), ())), "o", color=f"C{index}",
                           markersize=4, alpha=0.7, label=METHODS[method].title)  # fmt: skip
            panel.axvline(1, color="0.5", linewidth=0.8)
            label = f"‖discriminator‖ / ‖generator‖ of {kind}, median of the run"
            panel.set(xscale="log", yscale="log", ylabel="Fréchet distance", xlabel=label)
            found = [r for r in result["rows"] if (r["steps"], r["ratio"]) == (steps, kind)]
            value = found[0]["near_one"] if found else {"value": None}
            text = "too few runs" if value["value"] is None else (
                f"ρ(|log ratio|, distance) = {value['value']:.2f} "
                f"[{value['low']:.2f}, {value['high']:.2f}]"
            )  # fmt: skip
            panel.set_title(f"{steps} updates: {text}", fontsize=10)
            for axis in (panel.xaxis, panel.yaxis):
                plain_ticks(axis)
    panels[0][0].legend(fontsize=7)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def plain_ticks(axis: Axis) -> None:
    """Plain numbers where the axis has less than two decades: 1, 2, 5, or all on a short one."""
    low, high = axis.get_view_interval()
    if high < 100 * low:
        axis.set_major_locator(
            ticker.LogLocator(subs=(1, 2, 5) if high > 5 * low else range(1, 10))
        )
        axis.set_major_formatter("{x:g}")
        axis.set_minor_formatter(ticker.NullFormatter())
