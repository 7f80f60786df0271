"""Markdown table of a comparison, with one column per run."""

import statistics
from typing import Any

from minmax_jax.gan.base.messages import printable
from minmax_jax.gan.comparison import results
from minmax_jax.gan.comparison.collect import Comparison
from minmax_jax.gan.evaluation import score_table

_MISSING = "–"


def text(comparison: Comparison) -> str:
    """Returns the table: steps, configuration differences, last losses, and scores.

    Scores stand below the extractor and counts that they were measured with, each with
    the sign of its better direction. A dash marks runs without scores of that kind.
    """
    runs = comparison.runs
    rows = [["", *(run.name for run in runs)]]
    rows.append(
        ["steps", *(f"{_last_step(run.records)} of {run.config.training.steps}" for run in runs)]
    )
    differences = comparison.differences()
    rows += [[f, *map(_format_field, values)] for f, values in differences.items() if f != "steps"]
    for name in ("loss_min", "loss_max", "update_norm_ratio"):
        rows.append([name, *(_format(_last(run.records, name)) for run in runs)])
    rows.append(["steps/s", *(_median_speed(run.records) for run in runs)])
    scores = _score_rows([results.newest(run.results) for run in runs])
    lines = [*_markdown([*rows, *scores]), *(["", score_table.LEGEND] if scores else [])]
    problems = [f"- {problem}" for problem in comparison.problems.values()]
    return "\n".join([*lines, *(["", "Problems:", *problems] if problems else [])])


def _score_rows(newest: list[dict[str, results.Result]]) -> list[list[str]]:
    """Returns the rows of all scores, grouped by kind of evaluation."""
    rows = []
    for kind in dict.fromkeys(kind for run in newest for kind in run):
        found = [run.get(kind) for run in newest]
        rows.append([f"**{kind}**", *("" if result else _MISSING for result in found)])
        if len({result.step for result in found if result}) > 1:
            rows.append(
                ["at step", *(str(result.step) if result else _MISSING for result in found)]
            )
        for name in dict.fromkeys(name for result in found if result for name in result.scores):
            values = [result.scores.get(name, _MISSING) if result else _MISSING for result in found]
            better = next(result.better for result in found if result and name in result.scores)
            rows.append([score_table.label(name, better), *map(_format, values)])
    return rows


def _last_step(records: list[dict[str, Any]]) -> int:
    return max((record["step"] for record in records), default=0)


def _last(records: list[dict[str, Any]], name: str) -> Any:
    return next((record[name] for record in reversed(records) if name in record), _MISSING)


def _median_speed(records: list[dict[str, Any]]) -> str:
    speeds = [r["steps_per_second"] for r in records if r.get("steps_per_second")]
    return f"{statistics.median(speeds):.3g}" if speeds else _MISSING


def _format(value: Any) -> str:
    if value is None:
        return "not finite"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _format_field(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(f"{key}={item}" for key, item in value.items()) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _markdown(rows: list[list[str]]) -> list[str]:
    rows = [[printable(cell).replace("|", r"\|") for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [
        "| " + " | ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return [lines[0], rule, *lines[1:]]
