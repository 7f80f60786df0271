"""Chooses the checkpoints of a run that are kept."""

from collections.abc import Mapping, Sequence
from typing import Any

from minmax_jax.gan.config.run import Best


def best_step(
    steps: Sequence[int], records: Sequence[Mapping[str, Any]], best: Best
) -> tuple[int, float] | None:
    """Returns step and metric of the best checkpoint, the later one of equals; None if unknown.

    The last record of a step counts; null does not.
    """
    known = {record["step"]: record[best.name] for record in records if best.name in record}
    sign = 1 if best.highest else -1
    found = [(sign * known[step], step) for step in steps if known.get(step) is not None]
    return (max(found)[1], float(known[max(found)[1]])) if found else None


def retained(
    steps: Sequence[int], keep: int, records: Sequence[Mapping[str, Any]], best: Best | None
) -> set[int]:
    """Returns the steps to keep: the `keep` newest ones, and the best one if `best` is given."""
    top = best_step(steps, records, best) if best else None
    return {*sorted(steps)[-keep:], *(top[:1] if top else ())}
