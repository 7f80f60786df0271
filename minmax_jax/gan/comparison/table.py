"""The table of a comparison: a column for each run."""

import statistics
from typing import Any

from minmax_jax.gan.comparison import scored
from minmax_jax.gan.comparison.collect import Comparison


def text(comparison: Comparison) -> str:
    """Returns the table as Markdown: steps, differences, last losses, and scores by kind.

    A score stands under what judged it and how many samples; a run without a score of that
    kind has a dash there.
    """
    runs = comparison.runs
    rows = [["", *(run.name for run in runs)]]
    rows.append(
        ["steps", *(f"{_last_step(run.records)} of {run.config.training.steps}" for run in runs)]
    )
    differences = comparison.differences()
    rows += [[f, *map(_plain, values)] for f, values in differences.items() if f != "steps"]
    for name in ("loss_min", "loss_max", "update_norm_ratio"):
        rows.append([name, *(_number(_last(run.records, name)) for run in runs)])
    speeds = [[r["steps_per_second"] for r in run.records if r.get("steps_per_second")]
              for run in runs]  # fmt: skip
    rows.append(["steps/s", *(f"{statistics.median(s):.3g}" if s else "–" for s in speeds)])
    newest = [scored.newest(run.scored) for run in runs]
    for kind in dict.fromkeys(kind for own in newest for kind in own):
        rows.append([f"**{kind}**", *("" if kind in own else "–" for own in newest)])
        names = dict.fromkeys(n for own in newest if kind in own for n in own[kind].scores)
        steps = {own[kind].step for own in newest if kind in own}
        if len(steps) > 1:
            rows.append(["at step", *(str(o[kind].step) if kind in o else "–" for o in newest)])
        for name in names:
            values = [_number(own[kind].scores.get(name, "–")) if kind in own else "–"
                      for own in newest]  # fmt: skip
            rows.append([name, *values])
    lines = _markdown(rows)
    damaged = [f"- {problem}" for problem in comparison.damaged.values()]
    return "\n".join([*lines, *(["", "Damaged:", *damaged] if damaged else [])])


def _last_step(records: list[dict[str, Any]]) -> int:
    return max((record["step"] for record in records), default=0)


def _last(records: list[dict[str, Any]], name: str) -> Any:
    return next((record[name] for record in reversed(records) if name in record), "–")


def _number(value: Any) -> str:
    if value is None:
        return "not finite"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(f"{key}={item}" for key, item in value.items()) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _markdown(rows: list[list[str]]) -> list[str]:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [
        "| " + " | ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return [lines[0], rule, *lines[1:]]
