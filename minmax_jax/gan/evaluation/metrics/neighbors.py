"""k-nearest-neighbor metrics: precision, recall, density and coverage."""

from typing import NamedTuple

import numpy as np

from minmax_jax.gan.evaluation.metrics import _arrays


class PrecisionRecall(NamedTuple):
    """Improved precision and recall.

    Attributes:
      precision: Proportion of samples within the ball of a real example.
      recall: Proportion of real examples within the ball of a sample.
    """

    precision: float
    recall: float


def precision_recall(
    real: np.ndarray,
    samples: np.ndarray,
    num_neighbors: int = 3,
    *,
    real_radii: np.ndarray | None = None,
) -> PrecisionRecall:
    """Computes improved precision and recall.

    Each row of a set has a closed ball that reaches its k-th nearest neighbor in
    the same set, not counting the row itself. The union of the balls estimates
    the manifold of the set (eq. 1 and 2). A single outlier has a large ball and
    distorts the metric; density and coverage are more robust.

    Args:
      real: Features of real examples, `(n, dimension)`.
      samples: Features of samples, `(m, dimension)`.
      num_neighbors: k.
      real_radii: Precomputed `squared_radii(real, num_neighbors)`.

    Raises:
      ValueError: If the sets differ in dimension, are not finite, or have at most
        k rows.

    References:
      Kynkäänniemi et al., `Improved precision and recall metric for assessing generative
      models <https://arxiv.org/abs/1904.06991>`_, 2019.
    """
    real, samples = _check_sets(
        "precision_recall", real, samples, num_neighbors, min_samples=num_neighbors + 1
    )
    if real_radii is None:
        real_radii = squared_radii(real, num_neighbors)
    sample_radii = squared_radii(samples, num_neighbors)
    precise = np.empty(len(samples), bool)
    recalled = np.zeros(len(real), bool)
    for rows, distances in _arrays.squared_distances(samples, real):
        precise[rows] = (distances <= real_radii).any(axis=1)
        recalled |= (distances <= sample_radii[rows, None]).any(axis=0)
    return PrecisionRecall(float(precise.mean()), float(recalled.mean()))


class DensityCoverage(NamedTuple):
    """Density and coverage.

    Attributes:
      density: Mean number of balls of real examples around a sample, divided by
        k. It may exceed 1.
      coverage: Proportion of real examples with a sample in their ball.
    """

    density: float
    coverage: float


def density_coverage(
    real: np.ndarray,
    samples: np.ndarray,
    num_neighbors: int = 5,
    *,
    real_radii: np.ndarray | None = None,
) -> DensityCoverage:
    """Computes density and coverage, which outliers affect less than precision and recall.

    Only real examples have balls. They are defined as in `precision_recall`, but
    open, as in the authors' code.

    Args:
      real: Features of real examples, `(n, dimension)`.
      samples: Features of samples, `(m, dimension)`.
      num_neighbors: k.
      real_radii: Precomputed `squared_radii(real, num_neighbors)`.

    Raises:
      ValueError: If the sets differ in dimension, are not finite, or there are at
        most k real examples.

    References:
      Naeem et al., `Reliable fidelity and diversity metrics for generative models
      <https://arxiv.org/abs/2002.09797>`_, 2020, eq. 3 and 4.
    """
    real, samples = _check_sets("density_coverage", real, samples, num_neighbors, min_samples=1)
    if real_radii is None:
        real_radii = squared_radii(real, num_neighbors)
    inside, nearest = 0, np.full(len(real), np.inf)
    for _, distances in _arrays.squared_distances(samples, real):
        inside += int((distances < real_radii).sum())
        np.minimum(nearest, distances.min(axis=0), out=nearest)
    density = inside / (num_neighbors * len(samples))
    return DensityCoverage(float(density), float((nearest < real_radii).mean()))


def squared_radii(features: np.ndarray, num_neighbors: int) -> np.ndarray:
    """Computes the squared distance of each row to its k-th nearest other row.

    Args:
      features: `(n, dimension)`.
      num_neighbors: k, less than n.

    Returns:
      Squared radii of the balls around the rows, `(n,)`.
    """
    features = np.asarray(features, np.float64)
    radii = np.empty(len(features))
    for rows, distances in _arrays.squared_distances(features, features):
        own = np.arange(rows.start, rows.stop)
        distances[np.arange(len(own)), own] = 0  # Rounding may have made it positive.
        radii[rows] = np.partition(distances, num_neighbors, axis=1)[:, num_neighbors]
    return radii


def _check_sets(
    function: str, real: np.ndarray, samples: np.ndarray, k: int, min_samples: int
) -> tuple[np.ndarray, np.ndarray]:
    """Returns both sets in float64, or raises `ValueError` if one is too small for k neighbors."""
    real, samples = _arrays.check_features(function, real, samples, 1)
    if k < 1 or len(real) <= k or len(samples) < min_samples:
        raise ValueError(
            f"{function}: num_neighbors must be at least 1 and less than the size of each set "
            f"with balls, got {k} with {len(real)} real examples and {len(samples)} samples."
        )
    return real, samples
