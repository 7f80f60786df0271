"""Text table of an evaluation: scores of samples beside the held-out baseline."""

from collections.abc import Mapping
from typing import Any

from minmax_jax.gan.evaluation import features

_DEVIATIONS = ("_standard_error", "_deviation")
_TOTALS = {
    "classes_covered": "num_classes",
    "modes_covered": "num_modes",
    "different_bins": "num_bins",
}


def text(record: Mapping[str, Any], indent: str = "") -> str:
    """Formats one record of `evaluations.jsonl` as a table.

    The heading names the extractor and the counts, without which scores cannot be
    compared. ± is the standard error of the kernel distance, and the standard
    deviation over splits of the inception-style score.

    Args:
      record: Record of `evaluations.jsonl`.
      indent: Text before each line.
    """
    extractor = features.describe(record["extractor"], record["facts"])
    heading = f"{extractor}, against {record['num_reference']} training examples"
    rows = [("", f"{record['num_samples']} samples", f"{record['num_held_out']} held-out real")]
    for name in record["scores"]:
        if name.endswith(_DEVIATIONS) or name in _TOTALS.values():
            continue
        rows.append((name, _cell(record["scores"], name), _cell(record["held_out"], name)))
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    lines = [
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows
    ]
    return "\n".join(indent + line.rstrip() for line in [heading, *("  " + line for line in lines)])


def format_score(value: float | None) -> str:
    """Formats a score with four significant digits; None stands for a non-finite score."""
    return "not finite" if value is None else f"{value:.4g}"


def _cell(scores: Mapping[str, Any], name: str) -> str:
    if name not in scores:
        return "–"
    if name in _TOTALS:
        return f"{scores[name]} of {scores[_TOTALS[name]]}"
    deviation = next((scores[name + end] for end in _DEVIATIONS if name + end in scores), None)
    return format_score(scores[name]) + (f" ± {deviation:.1g}" if deviation is not None else "")
