"""Spread of the effects of magnitude and of direction in the grafting grid.

The model is additive: the logarithm of a pair's score is a constant, plus an effect of its
magnitude, plus an effect of its direction. It is fitted by least squares, so that pairs may be
missing. Its spreads are the standard deviations of the effects over the rules.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from experiments.dissecting.graft_grid import table

PARTS = ("magnitude", "direction")
RESAMPLES = 2_000


class Interval(NamedTuple):
    """An estimate with the ends of its 95 % bootstrap interval."""

    estimate: float
    low: float
    high: float


class Spreads(NamedTuple):
    """Spreads of the effects, and the first minus the second."""

    magnitude: Interval
    direction: Interval
    difference: Interval


def spreads(pairs: Sequence[dict[str, Any]], score: str) -> Spreads:
    """Fits the model to the mean of the logarithms of a positive score over each pair's runs.

    The bootstrap draws the runs of every pair again, 2,000 times. A run that diverged counts as
    the largest score of all runs.

    Args:
      pairs: Pairs of the record, all with the same number of final runs.
      score: Name of the score.

    Raises:
      ValueError: If some rules are compared with the others by no pair.
    """
    found = np.asarray(
        [[np.nan if v is None else v for v in table.values(p, score)] for p in pairs]
    )
    logs = np.log(np.where(np.isfinite(found), found, np.nanmax(found[np.isfinite(found)])))
    magnitudes, directions = (one_hot([p[part] for p in pairs]) for part in PARTS)
    design = np.hstack([magnitudes, directions])
    if np.linalg.matrix_rank(design) < design.shape[1] - 1:
        raise ValueError(
            "the pairs fall into groups without a common rule, so effects are not determined"
        )
    fit = np.linalg.pinv(design)
    random = np.random.default_rng(0)
    chosen = random.integers(logs.shape[1], size=(RESAMPLES, *logs.shape))
    drawn = np.take_along_axis(np.broadcast_to(logs, chosen.shape), chosen, axis=2)
    # The first row is the estimate itself.
    means = np.vstack([logs.mean(axis=1), drawn.mean(axis=2)])
    effects = np.split(means @ fit.T, [magnitudes.shape[1]], axis=1)
    first, second = (one.std(axis=1, ddof=1) for one in effects)
    return Spreads(*(interval(values) for values in (first, second, first - second)))


def one_hot(names: Sequence[str]) -> np.ndarray:
    """Returns a row per name, with a one in the column of the name."""
    return (np.asarray(names)[:, None] == np.unique(names)).astype(float)


def interval(values: np.ndarray) -> Interval:
    """Returns the first value, and the quantiles of the others."""
    return Interval(float(values[0]), *map(float, np.quantile(values[1:], [0.025, 0.975])))
