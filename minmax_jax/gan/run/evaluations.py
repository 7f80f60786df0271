"""Append-only log of evaluations, `evaluations.jsonl`.

    {"step": 4000, "time": "2030-01-31T12:00:00+00:00", "seed": 0, "by": "train",
     "extractor": "classifier", "facts": {"test_accuracy": 0.992, "network": "1f0c9a7e"},
     "protocol": {"features": "128 features of classifier 1f0c9a7e, 99.2% test accuracy",
                  "resizing": "none", "samples": "5000 samples",
                  "reference": "10000 of 60000 training examples of mnist, in proportion to ..."},
     "num_samples": 5000, "num_reference": 10000, "num_training": 60000, "num_held_out": 359,
     "better": {"frechet_distance": "lower", ...}, "scores": {"frechet_distance": 12.3, ...},
     "scores_at_equal_count": {"frechet_distance": 14.9, ...},
     "held_out": {"frechet_distance": 7.1, ...}}

`by` is present if the trainer made the evaluation. `held_out` contains the scores of real
examples that no network was trained on, as a baseline. If there are fewer of them than samples,
`scores_at_equal_count` contains the scores of as many samples. null stands for non-finite values.
Compare scores only if extractor, facts and counts are equal; `protocol` states them in words.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from minmax_jax.gan.base import json_text
from minmax_jax.gan.base.messages import Note, print_note
from minmax_jax.gan.run import jsonl

FILE = "evaluations.jsonl"
"""Name of the file in a run folder."""


def append(folder: Path, record: Mapping[str, Any]) -> jsonl.Record:
    """Appends a record and returns it as `read` will return it."""
    return jsonl.append(folder / FILE, record, check=check)


def read(folder: Path, note: Note = print_note) -> list[jsonl.Record]:
    """Returns all records, oldest first.

    Args:
      folder: Run folder.
      note: Called with one line if a line is not a record.
    """
    return jsonl.read(folder / FILE, check=check, note=note)


def check(record: jsonl.Record) -> str:
    """Returns why a JSON object is not an evaluation, or an empty string if it is one."""
    counts = ("step", "num_samples", "num_reference")
    for name in counts:
        if not json_text.is_count(record.get(name)):
            return f"{name} must be an integer from 0 to 2147483647"
    if not isinstance(record.get("extractor"), str):
        return "extractor must be text"
    if not isinstance(record.get("scores"), Mapping):
        return "scores must be an object"
    classes = record.get("per_class", [])
    if not isinstance(classes, list) or not all(isinstance(each, Mapping) for each in classes):
        return "per_class must be a list of objects"
    values = {name: value for name, value in record.items() if name != "per_class"}
    for name, value in [*values.items(), *(("per_class", each) for each in classes)]:
        scalars = value.values() if isinstance(value, Mapping) else (value,)
        if not all(map(json_text.is_scalar, scalars)):
            return f"{name:.40} is nested too deeply"
    for name in ("scores", "scores_at_equal_count", "held_out"):
        if not all(value is None or json_text.is_number(value) for value in _values(record, name)):
            return f"{name} must contain numbers and null only"
    return "" if isinstance(record.get("facts", {}), Mapping) else "facts must be an object"


def _values(record: jsonl.Record, name: str) -> Iterable[Any]:
    values = record.get(name, {})
    return values.values() if isinstance(values, Mapping) else (str(values),)


def _kind(record: Mapping[str, Any]) -> tuple[Any, ...]:
    """Returns the facts and counts that are equal in evaluations whose scores can be compared."""
    return tuple(record.get(k) for k in ("facts", "num_samples", "num_reference", "num_training"))


def curve(
    records: Iterable[Mapping[str, Any]], extractor: str, name: str
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the steps and values of one score; the last evaluation of each step counts.

    Only evaluations that can be compared with the newest one are used: those with the same
    facts about the extractor and the same counts.

    Args:
      records: Records that `read` returned.
      extractor: Name of the extractor.
      name: Name of the score. Records without it are ignored; null becomes NaN.

    Returns:
      Sorted steps, and values as float64, both of shape `(n,)`.
    """
    selected = [r for r in records if r["extractor"] == extractor and name in r["scores"]]
    found = {r["step"]: r["scores"][name] for r in selected if _kind(r) == _kind(selected[-1])}
    values = [np.nan if found[step] is None else found[step] for step in sorted(found)]
    return np.array(sorted(found), int), np.array(values, float)
