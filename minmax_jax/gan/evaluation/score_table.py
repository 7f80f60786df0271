"""Scores as a person reads them: one table an evaluation, the yardstick beside the samples."""

from collections.abc import Mapping
from typing import Any

from minmax_jax.gan.evaluation import features

_SPREADS = ("_standard_error", "_deviation")
_TOTALS = {
    "classes_covered": "num_classes",
    "modes_covered": "num_modes",
    "different_bins": "num_bins",
}


def text(record: Mapping[str, Any], indent: str = "") -> str:
    """Returns the table of one line of `evaluations.jsonl`.

    The heading names extractor and counts, without which a score says nothing; ± is the
    standard error of the kernel distance and the deviation over splits of the
    inception-style score.
    """
    what = features.describe(record["extractor"], record["facts"])
    heading = f"{what}, against {record['num_reference']} training examples"
    columns = [f"{record['num_samples']} samples", f"{record['num_held_out']} held-out real"]
    rows = [("", *columns)]
    for name in record["scores"]:
        if name.endswith(_SPREADS) or name in _TOTALS.values():
            continue
        held_out = record["held_out"]
        rows.append((name, _cell(record["scores"], name), _cell(held_out, name)))
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    lines = [
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows
    ]
    return "\n".join(indent + line.rstrip() for line in [heading, *("  " + line for line in lines)])


def _cell(scores: Mapping[str, Any], name: str) -> str:
    if name not in scores:
        return "–"
    if name in _TOTALS:
        return f"{scores[name]} of {scores[_TOTALS[name]]}"
    spread = next((scores[name + end] for end in _SPREADS if name + end in scores), None)
    return _number(scores[name]) + (f" ± {spread:.1g}" if spread is not None else "")


def _number(value: float | None) -> str:
    return "not finite" if value is None else f"{value:.4g}"
