"""The claim that a constant can replace Adam's magnitude (A9)."""

from typing import Any, NamedTuple

import numpy as np

from experiments._shared.comparisons import format_p, holm, paired
from experiments._shared.means import format_mean, mean_interval
from experiments.claims.row import Row, result, table
from experiments.dissecting.magnitude import table as magnitude

MAGNITUDE = "dissecting/magnitude/magnitude"
FIRST = 3
"""First seed that decides. Earlier ones had been seen before the rule was written."""
MARGIN = 12
"""A replacement whose distance grows by less than this is not worse. It is about the standard
deviation between seeds of Adam's runs."""
CONFIDENCE = 0.975
"""Confidence level of each of the two intervals, one per direction."""


class Change(NamedTuple):
    """Change of the distance by a replacement of Adam's magnitude, with the same seeds.

    Attributes:
      mean: Mean over the seeds in which no run diverged.
      low: Lower end of its interval.
      high: Upper end of its interval.
      diverged_alone: Number of seeds in which the replacement alone diverged.
    """

    mean: float
    low: float
    high: float
    diverged_alone: int

    @property
    def word(self) -> str:
        """What the rule calls this change: "not worse", "worse" or "open"."""
        if self.high < MARGIN and not self.diverged_alone:
            return "not worse"
        return "worse" if self.low > 0 else "open"


def distances(name: str, seeds: slice = slice(FIRST, None)) -> np.ndarray:
    """Returns the distances of a variant, NaN for runs that diverged."""
    return np.array(result(MAGNITUDE)["distances"][name][seeds], float)


def change(length: str, direction: str, seeds: slice = slice(FIRST, None)) -> Change:
    """Returns the change by another magnitude along a direction."""
    new, own = (distances(f"{each}-{direction}", seeds) for each in (length, "own"))
    known = np.isfinite(new) & np.isfinite(own)
    alone = int((~np.isfinite(new) & np.isfinite(own)).sum())
    return Change(*mean_interval((new - own)[known], CONFIDENCE), alone)


def word() -> str:
    """Returns the first words of the verdict, by the rule in `LOG.md`."""
    words = [change("mean", direction).word for direction in ("adam", "sgd")]
    if words == ["not worse"] * 2:
        return "supported"
    if "not worse" in words:
        return "supported in part"
    return "contradicted" if "worse" in words else "inconclusive"


def format_change(found: Change) -> str:
    """Formats a change with its interval."""
    return f"{found.mean:.1f} [{found.low:.1f}, {found.high:.1f}]"


def changes_table() -> str:
    """Formats the change by each replacement along both directions, in the seeds that decide."""
    rows = []
    for length in ("mean", "schedule", "running"):
        for direction in ("adam", "sgd"):
            found = change(length, direction)
            titles = [magnitude.TITLES[length], magnitude.DIRECTIONS[direction]]
            alone = found.diverged_alone or ""
            rows.append([*titles, format_change(found), alone, found.word])
    head = "in place of ‖A_k‖ | direction | change of the distance, 97.5 % | diverged alone | rule"
    return table(head, rows)


def magnitude_table() -> str:
    """Formats the distances of all variants, and their differences from Adam, over all seeds."""
    found: dict[str, Any] = result(MAGNITUDE)["distances"]
    differences = {
        name: list(np.subtract(values, found["own-adam"]))
        for name, values in found.items()
        if name != "own-adam" and None not in [*values, *found["own-adam"]]
    }
    p = dict(zip(differences, holm([paired(d) for d in differences.values()]), strict=True))
    rows = []
    for name, values in found.items():
        length, direction = name.split("-")
        difference = format_mean(differences[name]) if name in differences else ""
        corrected = format_p(p[name]) if name in p else ""
        titles = [magnitude.TITLES[length], magnitude.DIRECTIONS[direction]]
        rows.append([*titles, format_mean(values), difference, corrected])
    head = "magnitude | direction | Fréchet distance ↓ | minus Adam's, same seed | p, Holm"
    return table(head, rows)


def decides() -> str:
    """Formats the deciding figure."""
    along = [format_change(change("mean", direction)) for direction in ("adam", "sgd")]
    return f"change of FD (97.5 %): {along[0]}, {along[1]}"


ROWS = [
    Row(
        "A9",
        "A constant can replace Adam's magnitude",
        "reduced: MNIST as in A7, 17 new seeds",
        "inconclusive: the change may exceed the margin of 12",
        decides,
        {
            "rule": changes_table,
            "table": magnitude_table,
            "movement": lambda: magnitude.movement_table(result(MAGNITUDE)),
        },
        "FD: Fréchet distance; along Adam's direction, and along the gradient",
    ),
]
"""Row of A9."""
