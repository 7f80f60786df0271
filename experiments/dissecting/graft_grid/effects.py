"""Spread of the effects of magnitude and of direction in the grafting grid.

The model is additive: a pair's outcome is a constant, plus an effect of its magnitude, plus an
effect of its direction. It is fitted by least squares, so that pairs may be missing. Its spreads
are the standard deviations of the effects over the rules. An outcome is the logarithm of a
distance, or the number of modes.
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


def log_distances(pairs: Sequence[dict[str, Any]], score: str) -> np.ndarray:
    """Returns the logarithm of a positive score, of shape (pairs, runs).

    A run that diverged counts as the largest score of all runs.
    """
    found = numbers(pairs, score)
    return np.log(np.where(np.isfinite(found), found, np.nanmax(found[np.isfinite(found)])))


def modes(pairs: Sequence[dict[str, Any]], score: str) -> np.ndarray:
    """Returns the number of modes, of shape (pairs, runs). A run that diverged has none."""
    return np.nan_to_num(numbers(pairs, score), nan=0.0)


def numbers(pairs: Sequence[dict[str, Any]], score: str) -> np.ndarray:
    """Returns a score, of shape (pairs, runs), NaN for runs that diverged."""
    return np.asarray([[np.nan if v is None else v for v in table.values(p, score)] for p in pairs])


def spreads(pairs: Sequence[dict[str, Any]], outcomes: np.ndarray) -> Spreads:
    """Fits the model to the mean outcome over each pair's runs.

    The bootstrap draws the runs of every pair again, 2,000 times.

    Args:
      pairs: Pairs of the record.
      outcomes: Outcomes of their final runs, of shape (pairs, runs).

    Raises:
      ValueError: If some rules are compared with the others by no pair.
    """
    magnitudes, directions = (one_hot([p[part] for p in pairs]) for part in PARTS)
    design = np.hstack([magnitudes, directions])
    if np.linalg.matrix_rank(design) < design.shape[1] - 1:
        raise ValueError(
            "the pairs fall into groups without a common rule, so effects are not determined"
        )
    fit = np.linalg.pinv(design)
    random = np.random.default_rng(0)
    chosen = random.integers(outcomes.shape[1], size=(RESAMPLES, *outcomes.shape))
    drawn = np.take_along_axis(np.broadcast_to(outcomes, chosen.shape), chosen, axis=2)
    # The first row is the estimate itself.
    means = np.vstack([outcomes.mean(axis=1), drawn.mean(axis=2)])
    effects = np.split(means @ fit.T, [magnitudes.shape[1]], axis=1)
    first, second = (one.std(axis=1, ddof=1) for one in effects)
    return Spreads(*(interval(values) for values in (first, second, first - second)))


def one_hot(names: Sequence[str]) -> np.ndarray:
    """Returns a row per name, with a one in the column of the name."""
    return (np.asarray(names)[:, None] == np.unique(names)).astype(float)


def interval(values: np.ndarray) -> Interval:
    """Returns the first value, and the quantiles of the others."""
    return Interval(float(values[0]), *map(float, np.quantile(values[1:], [0.025, 0.975])))
