"""Chooses the checkpoints of a run that are kept."""

from collections.abc import Mapping, Sequence
from typing import Any

from minmax_jax.gan.config.run import Best

Kind = tuple[Any, Any]
"""Extractor and number of samples of a score, or (None, None) for a training metric. Values of
different kinds cannot be compared: a run may resume with another number of samples."""


def best_step(
    steps: Sequence[int], records: Sequence[Mapping[str, Any]], best: Best
) -> tuple[int, float] | None:
    """Returns step and metric of the best checkpoint, the later one of equals; None if unknown.

    Only records of the same kind as the newest one are compared. The last record of a step
    counts; null does not.
    """
    kinds = _by_kind(records, best.name)
    return _best(steps, list(kinds.values())[-1], best) if kinds else None


def retained(
    steps: Sequence[int], keep: int, records: Sequence[Mapping[str, Any]], best: Best | None
) -> set[int]:
    """Returns the steps to keep: the `keep` newest ones, and the best one of each kind of score."""
    kinds = _by_kind(records, best.name) if best else {}
    tops = [_best(steps, known, best) for known in kinds.values() if best]
    return {*sorted(steps)[-keep:], *(top[0] for top in tops if top)}


def _by_kind(records: Sequence[Mapping[str, Any]], name: str) -> dict[Kind, dict[int, Any]]:
    """Returns the values of a metric by kind and step; the kind of the newest record is last."""
    kinds: dict[Kind, dict[int, Any]] = {}
    for record in records:
        if name in record:
            kind = (record.get("extractor"), record.get("num_samples"))
            kinds[kind] = kinds.pop(kind, {})  # This makes it the last one.
            kinds[kind][record["step"]] = record[name]
    return kinds


def _best(steps: Sequence[int], known: Mapping[int, Any], best: Best) -> tuple[int, float] | None:
    sign = 1 if best.highest else -1
    found = [(sign * known[step], step) for step in steps if known.get(step) is not None]
    return (max(found)[1], float(known[max(found)[1]])) if found else None
