"""Table and figure of the suite `quality`."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks import figure as figure_lib
from benchmarks import table


def report(result: dict[str, Any]) -> str:
    """Returns one table per problem, sorted by seconds to the target."""
    return "\n\n".join(_table(name, found) for name, found in result["problems"].items())


def _table(name: str, found: dict[str, Any]) -> str:
    problem = found["problem"]
    rows = sorted((_row(method, row) for method, row in found["methods"].items()), key=_order)
    shown = [
        (
            f"`{row.method}`",
            f"{row.learning_rate:g}",
            f"{row.reached}/{row.runs}",
            *map(_format, (row.updates, row.calls, row.seconds)),
            f"{row.milliseconds:.1f}",
            _format(row.final_score),
        )
        for row in rows
    ]
    head = (
        f"{name}: {problem['score']} ≤ {problem['target']:g} within {problem['steps']} updates "
        f"and {problem['calls']} oracle calls",
        "learning rate",
        "seeds that reach it",
        "updates",
        "oracle calls",
        "seconds",
        "ms per update",
        "final score",
    )
    return table.markdown(head, shown)


class _Row(NamedTuple):
    """Medians over seeds. A seed that does not reach the target counts as infinite."""

    method: str
    learning_rate: float
    reached: int
    runs: int
    updates: float
    calls: float
    seconds: float
    milliseconds: float
    final_score: float


def _row(method: str, record: dict[str, Any]) -> _Row:
    """Returns the row of one optimizer."""
    runs = record["runs"]
    updates = float(np.median([run["reached"] or np.inf for run in runs]))
    step = float(np.median([run["seconds_per_step"] for run in runs]))
    last = [np.inf if run["curve"][-1][1] is None else run["curve"][-1][1] for run in runs]
    return _Row(
        method=method,
        learning_rate=record["learning_rate"],
        reached=sum(bool(run["reached"]) for run in runs),
        runs=len(runs),
        updates=updates,
        calls=updates * record["cost"],
        seconds=updates * step,
        milliseconds=1e3 * step,
        final_score=float(np.median(last)),
    )


def _order(row: _Row) -> tuple[float, ...]:
    """Returns the sort key of a row.

    It consists of the seconds to the target, the number of seeds that reach it (most first) and
    the final score.
    """
    return row.seconds, -row.reached, row.final_score


def _format(value: float) -> str:
    """Formats a number; an infinite one becomes a dash."""
    return "–" if not np.isfinite(value) else f"{value:,.4g}" if value < 1e4 else f"{value:,.0f}"


def draw(result: dict[str, Any], path: Path) -> None:
    """Draws the oracle calls and seconds to the target, for every seed and the median."""
    problems = result["problems"]
    count = max(len(found["methods"]) for found in problems.values())
    figure, axes = figure_lib.subplots(
        2,
        len(problems),
        figsize=(6 * len(problems), 2 + 0.42 * count),
    )
    for column, (name, found) in enumerate(problems.items()):
        for axis, quantity in zip(axes[:, column], ("oracle calls", "seconds"), strict=True):
            _draw_one(axis, found, quantity)
        problem = found["problem"]
        axes[0, column].set_title(f"{name}: {problem['score']} ≤ {problem['target']:g}")
    figure_lib.save(figure, path)


def _draw_one(axis: Any, found: dict[str, Any], quantity: str) -> None:
    """Draws one panel; seeds that do not reach the target are crosses on the right."""
    from matplotlib import ticker

    rows = {}
    for method, record in found["methods"].items():
        rows[method] = [
            run["reached"] * (run["seconds_per_step"] if quantity == "seconds" else record["cost"])
            if run["reached"]
            else np.inf
            for run in record["runs"]
        ]
    order = sorted(rows, key=lambda method: (np.median(rows[method]), method))[::-1]
    finite = [value for values in rows.values() for value in values if np.isfinite(value)]
    never = 2 * max(finite, default=1.0)
    for y, method in enumerate(order):
        values = np.asarray(rows[method])
        reached = np.isfinite(values)
        missed = (~reached).sum()
        axis.plot(values[reached], [y] * reached.sum(), "o", color="C0", markersize=4)
        axis.plot([never] * missed, [y] * missed, "x", color="C3", markersize=4)
        if np.isfinite(np.median(values)):
            axis.plot(np.median(values), y, "|", color="k", markersize=14)
    axis.axvline(0.75 * never, color="0.8", linewidth=1)
    axis.set(
        xscale="log",
        xlabel=f"{quantity} (× at the right: not reached)",
        ylim=(-0.6, len(order) - 0.4),
    )
    axis.xaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 4)))
    axis.xaxis.set_major_formatter("{x:g}")
    axis.xaxis.set_minor_formatter("")
    axis.set_yticks(range(len(order)), order, fontsize=8)
    axis.grid(axis="y", color="0.93")
