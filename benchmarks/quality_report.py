"""Table and figure of suite `quality`."""

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import table


def report(result: dict[str, Any]) -> str:
    """Returns one table a problem, the soonest first in seconds."""
    return "\n\n".join(_table(name, found) for name, found in result["problems"].items())


def _table(name: str, found: dict[str, Any]) -> str:
    problem = found["problem"]
    rows = sorted((_row(method, of) for method, of in found["methods"].items()), key=_order)
    shown = [
        (f"`{method}`", f"{rate:g}", f"{reached}/{count}", *map(_number, (updates, calls, seconds)),
         f"{step_ms:.1f}", _number(last))
        for method, rate, reached, count, updates, calls, seconds, step_ms, last in rows
    ]  # fmt: skip
    head = (
        f"{name}: {problem['score']} ≤ {problem['target']:g} within {problem['steps']} updates "
        f"and {problem['calls']} oracle calls",
        "rate", "seeds that reach it", "updates", "oracle calls", "seconds", "ms an update",
        "score at the end",
    )  # fmt: skip
    return table.markdown(head, shown)


def _row(method: str, of: dict[str, Any]) -> tuple[Any, ...]:
    """Medians over seeds; a seed that does not reach the target counts as never."""
    runs = of["runs"]
    updates = float(np.median([run["reached"] or np.inf for run in runs]))
    step = float(np.median([run["seconds_per_step"] for run in runs]))
    last = np.median([np.inf if run["curve"][-1][1] is None else run["curve"][-1][1]
                      for run in runs])  # fmt: skip
    reached = sum(bool(run["reached"]) for run in runs)
    return (
        method, of["rate"], reached, len(runs), updates, updates * of["price"], updates * step,
        1e3 * step, float(last),
    )  # fmt: skip


def _order(row: tuple[Any, ...]) -> tuple[float, ...]:
    return row[6], -row[2], row[8]


def _number(value: float) -> str:
    return "–" if not np.isfinite(value) else f"{value:,.4g}" if value < 1e4 else f"{value:,.0f}"


def draw(result: dict[str, Any], path: Path) -> None:
    """Draws oracle calls and seconds to the target, of every seed and the median."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    problems = result["problems"]
    count = max(len(found["methods"]) for found in problems.values())
    figure, axes = plt.subplots(
        2, len(problems), figsize=(6 * len(problems), 2 + 0.42 * count), layout="constrained",
        squeeze=False,
    )  # fmt: skip
    for column, (name, found) in enumerate(problems.items()):
        for axis, quantity in zip(axes[:, column], ("oracle calls", "seconds"), strict=True):
            _draw_one(axis, found, quantity)
        problem = found["problem"]
        axes[0, column].set_title(f"{name}: {problem['score']} ≤ {problem['target']:g}")
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _draw_one(axis: Any, found: dict[str, Any], quantity: str) -> None:
    rows = {}
    for method, of in found["methods"].items():
        each = [of["price"] if quantity != "seconds" else run["seconds_per_step"]
                for run in of["runs"]]  # fmt: skip
        rows[method] = [
            run["reached"] * one if run["reached"] else np.inf
            for run, one in zip(of["runs"], each, strict=True)
        ]
    order = sorted(rows, key=lambda method: (np.median(rows[method]), method))[::-1]
    finite = [value for values in rows.values() for value in values if np.isfinite(value)]
    never = 2 * max(finite, default=1.0)
    for y, method in enumerate(order):
        values = np.asarray(rows[method])
        got = np.isfinite(values)
        axis.plot(values[got], [y] * got.sum(), "o", color="C0", markersize=4)
        axis.plot([never] * (~got).sum(), np.full((~got).sum(), y), "x", color="C3", markersize=4)
        if np.isfinite(np.median(values)):
            axis.plot(np.median(values), y, "|", color="k", markersize=14)
    axis.axvline(0.75 * never, color="0.8", linewidth=1)
    axis.set(
        xscale="log",
        xlabel=f"{quantity} (× at the right: not reached)",
        ylim=(-0.6, len(order) - 0.4),
    )
    axis.set_yticks(range(len(order)), order, fontsize=8)
    axis.grid(axis="y", color="0.93")
