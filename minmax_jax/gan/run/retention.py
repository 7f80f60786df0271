"""Which checkpoints are kept: the newest few, and the best one by a logged quantity."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from minmax_jax.gan.config.run import Best


def scores(records: Iterable[Mapping[str, Any]], best: Best) -> dict[int, float]:
    """Returns step -> score, for every line that has one; null is none."""
    found = {record["step"]: record.get(best.name) for record in records if best.name in record}
    return {step: float(value) for step, value in found.items() if value is not None}


def best_step(steps: Iterable[int], records: Iterable[Mapping[str, Any]], best: Best) -> int | None:
    """Returns the step of the best checkpoint, the later one of two alike; None if none is scored.

    A checkpoint's score is that of the lines at its own step.

    Args:
      steps: those of the checkpoints.
      records: the lines of `metrics.jsonl`.
      best: what is best.
    """
    known = scores(records, best)
    sign = 1 if best.highest else -1
    return max(
        (step for step in steps if step in known),
        key=lambda step: (sign * known[step], step),
        default=None,
    )


def retained(
    steps: Sequence[int], keep: int, records: Iterable[Mapping[str, Any]], best: Best | None
) -> set[int]:
    """Returns the steps to keep: the `keep` newest of `steps`, and the best one."""
    chosen = set(sorted(steps)[-keep:])
    found = best_step(steps, records, best) if best else None
    return chosen if found is None else chosen | {found}
