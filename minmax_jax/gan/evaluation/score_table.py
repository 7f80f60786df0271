"""Text table of an evaluation: scores of samples beside the held-out baseline."""

from collections.abc import Mapping, Sequence
from typing import Any

from minmax_jax.gan.base import json_text
from minmax_jax.gan.evaluation import features
from minmax_jax.gan.evaluation import scores as scores_lib

_DEVIATIONS = ("_standard_error", "_deviation")
_TOTALS = {
    "classes_covered": "num_classes",
    "modes_covered": "num_modes",
    "different_bins": "num_bins",
}


ARROWS = {"lower": "↓", "higher": "↑"}
"""Maps the better direction of a score to its sign in tables."""

LEGEND = "↓: lower is better. ↑: higher is better."


def text(record: Mapping[str, Any], indent: str = "") -> str:
    """Formats one record of `evaluations.jsonl` as a table.

    The heading names the extractor and the counts, and the last line the whole protocol,
    without which scores cannot be compared. ± is the standard error of the kernel
    distance, and the standard deviation over splits of the inception-style score. If
    fewer examples are held out than samples were drawn, one more column has the scores of
    only as many samples as held-out examples.

    Args:
      record: Record of `evaluations.jsonl`.
      indent: Text before each line.
    """
    extractor = features.describe(record["extractor"], record["facts"])
    better = directions(record)
    columns = _columns(record)
    rows = [("", *columns)]
    for name in record["scores"]:
        if name.endswith(_DEVIATIONS) or name in _TOTALS.values():
            continue
        cells = (_cell(scores, name) for scores in columns.values())
        rows.append((label(name, better), *cells))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows
    ]
    heading = f"{extractor}, against {describe_reference(record)}"
    body = [*lines, LEGEND, *_baseline_notes(record)]
    if "protocol" in record:  # Records of earlier versions have none.
        body.append(f"Protocol: {protocol(record)}.")
    return "\n".join(indent + line.rstrip() for line in [heading, *("  " + line for line in body)])


def per_class_text(entries: Sequence[Mapping[str, Any]], indent: str = "") -> str:
    """Formats the scores of each class as a table with one row per class.

    Args:
      entries: Value of `per_class` in a record of `evaluations.jsonl`.
      indent: Text before each line.
    """
    names = dict.fromkeys(name for entry in entries for name in entry)
    names = [name for name in names if not name.endswith(_DEVIATIONS)]
    better = scores_lib.directions()
    counts = ("class", "num_samples", "num_reference")
    rows = [[label(name, better) for name in names]]
    for entry in entries:
        rows.append([str(entry[name]) if name in counts else _cell(entry, name) for name in names])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(map(str.rjust, row, widths)) for row in rows]
    return "\n".join(indent + line for line in ["Scores of each class:", *lines])


def protocol(record: Mapping[str, Any]) -> str:
    """Returns the protocol of an evaluation on one line. Compare scores only if it is equal.

    Example:
      >>> protocol({"protocol": {"features": "64 features of pixels", "resizing": "none"}})
      'features: 64 features of pixels; resizing: none'
    """
    return "; ".join(f"{name}: {value}" for name, value in record["protocol"].items())


def label(name: str, better: Mapping[str, str]) -> str:
    """Returns the name of a score with its better direction.

    Example:
      >>> label("frechet_distance", {"frechet_distance": "lower"})
      'frechet_distance ↓'
    """
    return f"{name} {ARROWS[better[name]]}" if better.get(name) in ARROWS else name


def directions(record: Mapping[str, Any]) -> Mapping[str, str]:
    """Returns the better direction of each score of a record, or of all known scores."""
    better = record.get("better")
    return better if isinstance(better, Mapping) and better else scores_lib.directions()


def is_complete(record: Mapping[str, Any]) -> bool:
    """Returns whether `text` can format a record of `evaluations.jsonl`."""
    facts = record.get("facts")
    return (
        isinstance(facts, Mapping)
        and json_text.is_number(facts.get("test_accuracy", 0.0))
        and json_text.is_count(record.get("num_held_out"))
        and isinstance(record.get("held_out"), Mapping)
        and isinstance(record.get("scores_at_equal_count", {}), Mapping)
        and isinstance(record.get("protocol", {}), Mapping)
    )


def describe_reference(record: Mapping[str, Any]) -> str:
    """Returns the reference of a record, such as `10000 of 60000 training examples`."""
    used, total = record["num_reference"], record.get("num_training")
    return (
        f"{used} training examples"
        if total in (None, used)
        else f"{used} of {total} training examples"
    )


def _columns(record: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Returns the scores of each column by its heading."""
    count = record["num_held_out"]
    found = {f"{record['num_samples']} samples": record["scores"]}
    if "scores_at_equal_count" in record:
        found[f"{count} samples"] = record["scores_at_equal_count"]
    if record["held_out"]:
        found[f"{count} held-out real"] = record["held_out"]
    return found


def _baseline_notes(record: Mapping[str, Any]) -> list[str]:
    """Returns at most one note, which says what limits the held-out baseline.

    Either there is no baseline, or it has fewer examples than there are samples.
    """
    count, num_samples = record["num_held_out"], record["num_samples"]
    if not count:
        return ["No examples are held out, so there is no baseline of real examples."]
    if not record["held_out"]:
        return [f"{count} held-out examples are not scored, so there is no baseline."]
    if count == num_samples:
        return []
    advice = "Scores depend on the count"
    if "scores_at_equal_count" in record:
        advice += f": compare real examples with the column of {count} samples"
    else:
        advice += ", so the columns cannot be compared"
    return [f"Only {count} examples are held out. {advice}."]


def format_score(value: float | None) -> str:
    """Formats a score with four significant digits; None stands for a non-finite score."""
    return "not finite" if value is None else f"{value:.4g}"


def _cell(scores: Mapping[str, Any], name: str) -> str:
    if name not in scores:
        return "–"
    if name in _TOTALS:
        return f"{scores[name]} of {scores.get(_TOTALS[name], '?')}"
    deviation = next((scores[name + end] for end in _DEVIATIONS if name + end in scores), None)
    return format_score(scores[name]) + (f" ± {deviation:.1g}" if deviation is not None else "")
