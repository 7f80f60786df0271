"""What the letters of a sweep say: shares with intervals, and a cell that was chosen honestly."""

from collections import Counter
from typing import Any, NamedTuple

import numpy as np
from scipy import ndimage, stats

OUTCOMES = {"B": "both modes", "S": "a single mode", "A": "u₁ + u₂", "N": "noise", "D": "diverged"}


class Share(NamedTuple):
    """A share with its 95% Wilson interval."""

    successes: int
    runs: int
    low: float
    high: float

    @property
    def value(self) -> float:
        return self.successes / self.runs

    def __str__(self) -> str:
        return f"{self.successes}/{self.runs} [{number(self.low)}, {number(self.high)}]"


class Best(NamedTuple):
    """The cell with most successes among some seeds, and its share among others."""

    rate_max: float
    rate_min: float
    share: Share


def proportion(successes: int, runs: int) -> Share:
    interval = stats.binomtest(int(successes), int(runs)).proportion_ci(method="wilson")
    return Share(int(successes), int(runs), float(interval.low), float(interval.high))


def won(found: dict[str, Any], outcomes: str = "outcomes") -> np.ndarray:
    """Booleans: discriminator's rate, generator's rate, seed."""
    return np.array([[[x == "B" for x in cell] for cell in row] for row in found[outcomes]])


def best_cell(successes: np.ndarray) -> tuple[int, int]:
    """The cell of the grid with most successes; among equals the one among the best others.

    Equals again (nothing succeeds, say) are told apart by their distance to the centre.
    """
    around = ndimage.uniform_filter(successes.astype(float), 3, mode="constant")
    from_centre = sum(
        abs(i - (n - 1) / 2)
        for i, n in zip(np.indices(successes.shape), successes.shape, strict=True)
    )
    order = np.lexsort([np.ravel(-from_centre), around.round(9).ravel(), successes.ravel()])
    row, column = np.unravel_index(order[-1], successes.shape)
    return int(row), int(column)


def held_out(found: dict[str, Any], outcomes: str = "outcomes") -> Best:
    """The best cell of the first half of the seeds, with its share among the other half."""
    both = won(found, outcomes)
    half = both.shape[-1] // 2
    return _best(found, both[..., :half], both[..., half:])


def in_sample(found: dict[str, Any], outcomes: str = "outcomes") -> Best:
    """The best cell of all seeds, with its share among the same: too good by the choice."""
    both = won(found, outcomes)
    return _best(found, both, both)


def _best(found: dict[str, Any], chosen_on: np.ndarray, reported_on: np.ndarray) -> Best:
    row, column = best_cell(chosen_on.sum(-1))
    cell = reported_on[row, column]
    return Best(
        found["rates_max"][row], found["rates_min"][column], proportion(cell.sum(), cell.size)
    )


def whole_grid(found: dict[str, Any], outcomes: str = "outcomes") -> Share:
    """All runs; seeds are the same in every cell, so the interval is narrower than it should be."""
    both = won(found, outcomes)
    return proportion(both.sum(), both.size)


def somewhere(found: dict[str, Any], outcomes: str = "outcomes") -> Share:
    """Seeds for which at least one pair of rates succeeds: the claim of any learning rate."""
    seeds = won(found, outcomes).any((0, 1))
    return proportion(seeds.sum(), seeds.size)


def classes(found: dict[str, Any], outcomes: str = "outcomes") -> dict[str, float]:
    """The share of each outcome among all runs, by letter."""
    counts = Counter("".join(cell for row in found[outcomes] for cell in row))
    return {letter: counts[letter] / counts.total() for letter in OUTCOMES}


def commonest(cell: str) -> str:
    return max(OUTCOMES, key=cell.count)


def number(x: float) -> str:
    """A share as these documents write it: .05, 0, 1."""
    return (
        {"0.00": "0", "1.00": "1"}.get(f"{x:.2f}", f"{x:.2f}".lstrip("0"))
        if x >= 0.005 or x == 0
        else f"{x:.1g}".lstrip("0")
    )
