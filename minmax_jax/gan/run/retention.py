"""Which checkpoints are kept: the newest few, and the best one by a logged quantity."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from minmax_jax.gan.base.errors import ConfigError


class Best(NamedTuple):
    """What `keep_best` asks for.

    Attributes:
      name: a quantity in `metrics.jsonl`.
      highest: whether more of it is better.
    """

    name: str
    highest: bool


def parse_best(text: str) -> Best | None:
    """Reads `keep_best`: `NAME` (lowest is best), `NAME:max`, or nothing.

    Raises:
      ConfigError: it has another form.

    Example:
      >>> parse_best("frechet_distance"), parse_best("modes_covered:max")
      (Best(name='frechet_distance', highest=False), Best(name='modes_covered', highest=True))
    """
    name, colon, order = text.partition(":")
    if text and (not name.isidentifier() or (colon and order not in ("min", "max"))):
        raise ConfigError(
            f"keep_best={text!r}: write the name of a quantity in metrics.jsonl, of which the "
            "lowest is best, or NAME:max where the highest is"
        )
    return Best(name, order == "max") if text else None


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
