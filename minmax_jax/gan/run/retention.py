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
    """Returns the step and the metric of the best checkpoint, or None if none has the metric.

    Only records of the same `Kind` as the newest one are compared. If a step has several
    records, the last one is used. A metric of null is ignored. Of equally good checkpoints,
    the latest is the best.
    """
    kinds = _by_kind(records, best.name)
    return _best(steps, list(kinds.values())[-1], best) if kinds else None


def retained(
    steps: Sequence[int], keep: int, records: Sequence[Mapping[str, Any]], best: Best | None
) -> set[int]:
    """Returns the steps to keep: the `keep` newest ones, and the best one of each `Kind`."""
    kinds = _by_kind(records, best.name) if best else {}
    tops = [_best(steps, known, best) for known in kinds.values() if best]
    return {*sorted(steps)[-keep:], *(top[0] for top in tops if top)}


def _by_kind(records: Sequence[Mapping[str, Any]], name: str) -> dict[Kind, dict[int, Any]]:
    """Returns the values of a metric by `Kind` and step, with the newest record's `Kind` last."""
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
