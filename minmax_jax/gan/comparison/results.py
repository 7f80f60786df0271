"""Evaluation results of a run, grouped by extractor and sample count."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from minmax_jax.gan.evaluation import score_table
from minmax_jax.gan.run import evaluations, run_folder


class Result(NamedTuple):
    """Scores of one checkpoint.

    Attributes:
      step: Step of the checkpoint.
      kind: Text with the extractor, its properties, and the numbers of samples and
        training examples. Only scores of the same kind can be compared.
      scores: Values by score name. None stands for a non-finite score.
      better: Better direction by score name, `"lower"` or `"higher"`.
    """

    step: int
    kind: str
    scores: dict[str, float | None]
    better: Mapping[str, str] = MappingProxyType({})


def read(folder: Path) -> list[Result]:
    """Returns all evaluation results of a run, oldest first.

    Without `evaluations.jsonl`, the scores in `metrics.jsonl` are used.
    """
    if (folder / evaluations.FILE).exists():
        return [_from_evaluation(record) for record in evaluations.read(folder)]
    return [_from_metrics(r) for r in run_folder.read_metrics(folder) if "num_samples" in r]


def newest(results: list[Result]) -> dict[str, Result]:
    """Returns the newest result of each `Result.kind`."""
    return {result.kind: result for result in sorted(results, key=lambda result: result.step)}


def _from_evaluation(record: Mapping[str, Any]) -> Result:
    facts = [f"{name} {_format(value)}" for name, value in record.get("facts", {}).items()]
    extractor = record["extractor"] + (f" ({', '.join(facts)})" if facts else "")
    counts = f"{record['num_samples']} samples against {score_table.describe_reference(record)}"
    better = score_table.directions(record)
    return Result(record["step"], f"{extractor}, {counts}", dict(record["scores"]), better)


_NOT_SCORES = (
    "step",
    "num_samples",
    "extractor",
    "protocol",
    "classifier_accuracy",
    "num_reference",
    "num_real",
)


def _from_metrics(record: Mapping[str, Any]) -> Result:
    kind = [str(record["extractor"])] if "extractor" in record else []
    if "classifier_accuracy" in record:
        kind.append(f"classifier (test_accuracy {_format(record['classifier_accuracy'])})")
    kind.append(f"{record['num_samples']} samples")
    scores = {name: value for name, value in record.items() if name not in _NOT_SCORES}
    return Result(record["step"], ", ".join(kind), scores, score_table.directions({}))


def _format(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
