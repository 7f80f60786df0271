"""The scores of a run, each kind by itself: what judged how many samples."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from minmax_jax.gan.run import run_folder


class Scored(NamedTuple):
    """Scores of one checkpoint.

    Attributes:
      step: the checkpoint's.
      kind: extractor, what is known of it, and counts: only scores of one kind compare.
      scores: by name; None where one is not finite.
    """

    step: int
    kind: str
    scores: dict[str, float | None]


def read(folder: Path) -> list[Scored]:
    """Returns every scored checkpoint of a run, oldest first."""
    path = folder / "evaluations.jsonl"
    if path.exists():
        return [_of_evaluation(record) for record in _lines(path)]
    return [_of_line(r) for r in run_folder.read_metrics(folder) if "num_samples" in r]


def newest(scored: list[Scored]) -> dict[str, Scored]:
    """Returns the latest of each kind."""
    return {found.kind: found for found in sorted(scored, key=lambda s: s.step)}


def _of_evaluation(record: Mapping[str, Any]) -> Scored:
    facts = [f"{name} {_short(value)}" for name, value in record.get("facts", {}).items()]
    about = f"{record['extractor']} ({', '.join(facts)})" if facts else str(record["extractor"])
    counts = f"{record['num_samples']} samples against {record['num_reference']} real"
    return Scored(record["step"], f"{about}, {counts}", dict(record["scores"]))


_KIND = ("step", "num_samples", "extractor", "classifier_accuracy", "num_reference", "num_real")


def _of_line(record: Mapping[str, Any]) -> Scored:
    kind = [str(record["extractor"])] if "extractor" in record else []
    if "classifier_accuracy" in record:
        kind.append(f"classifier (test_accuracy {_short(record['classifier_accuracy'])})")
    kind.append(f"{record['num_samples']} samples")
    scores = {name: value for name, value in record.items() if name not in _KIND}
    return Scored(record["step"], ", ".join(kind), scores)


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _lines(path: Path) -> list[dict[str, Any]]:
    records = []
    for line in path.read_text().splitlines():
        try:
            records.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return records
