"""Proportions of outcomes, and the choice of the best grid cell."""

from collections import Counter
from typing import Any, NamedTuple

import numpy as np
from scipy import ndimage

from experiments._shared.proportions import Proportion, proportion

OUTCOMES = {"B": "both modes", "S": "a single mode", "A": "u₁ + u₂", "N": "noise", "D": "diverged"}


class Best(NamedTuple):
    """The best grid cell of some seeds, with its success on other seeds.

    Attributes:
      rate_max: Learning rate of the discriminator.
      rate_min: Learning rate of the generator.
      share: Proportion of successful seeds.
    """

    rate_max: float
    rate_min: float
    share: Proportion


def successes(found: dict[str, Any], outcomes: str = "outcomes") -> np.ndarray:
    """Returns booleans by discriminator learning rate, generator learning rate and seed."""
    return np.array([[[x == "B" for x in cell] for cell in row] for row in found[outcomes]])


def best_cell(counts: np.ndarray) -> tuple[int, int]:
    """Returns the grid cell with the most successes.

    Among equal cells it takes the one with the most successes in the neighboring cells, then the
    one nearest to the center of the grid.
    """
    neighbors = ndimage.uniform_filter(counts.astype(float), 3, mode="constant")
    from_center = sum(
        abs(i - (n - 1) / 2) for i, n in zip(np.indices(counts.shape), counts.shape, strict=True)
    )
    order = np.lexsort([np.ravel(-from_center), neighbors.round(9).ravel(), counts.ravel()])
    row, column = np.unravel_index(order[-1], counts.shape)
    return int(row), int(column)


def held_out(found: dict[str, Any], outcomes: str = "outcomes") -> Best:
    """Chooses the best cell on the first half of the seeds; reports the other half."""
    both = successes(found, outcomes)
    half = both.shape[-1] // 2
    return _best(found, both[..., :half], both[..., half:])


def in_sample(found: dict[str, Any], outcomes: str = "outcomes") -> Best:
    """Chooses the best cell on all seeds and reports the same seeds, which is optimistic."""
    both = successes(found, outcomes)
    return _best(found, both, both)


def _best(found: dict[str, Any], chosen_on: np.ndarray, reported_on: np.ndarray) -> Best:
    row, column = best_cell(chosen_on.sum(-1))
    cell = reported_on[row, column]
    return Best(
        found["rates_max"][row], found["rates_min"][column], proportion(cell.sum(), cell.size)
    )


def whole_grid(found: dict[str, Any], outcomes: str = "outcomes") -> Proportion:
    """Returns the proportion of successful runs.

    The interval is too narrow, because all cells share their seeds.
    """
    both = successes(found, outcomes)
    return proportion(both.sum(), both.size)


def any_cell(found: dict[str, Any], outcomes: str = "outcomes") -> Proportion:
    """Returns the proportion of seeds for which at least one pair of learning rates succeeds."""
    seeds = successes(found, outcomes).any((0, 1))
    return proportion(seeds.sum(), seeds.size)


def outcome_shares(found: dict[str, Any], outcomes: str = "outcomes") -> dict[str, float]:
    """Returns the share of each outcome among all runs, by letter."""
    counts = Counter("".join(cell for row in found[outcomes] for cell in row))
    return {letter: counts[letter] / counts.total() for letter in OUTCOMES}


def most_common(cell: str) -> str:
    """Returns the most common outcome of a cell."""
    return max(OUTCOMES, key=cell.count)
