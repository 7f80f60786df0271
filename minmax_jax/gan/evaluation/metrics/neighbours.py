"""Precision, recall, density, coverage: what lies within the nearest neighbours' balls."""

from typing import NamedTuple

import numpy as np

from minmax_jax.gan.evaluation.metrics import _arrays


class PrecisionRecall(NamedTuple):
    """Improved precision and recall.

    Attributes:
      precision: share of the samples within a ball of a real example.
      recall: share of the real examples within a ball of a sample.
    """

    precision: float
    recall: float


def precision_recall(
    real: np.ndarray,
    samples: np.ndarray,
    num_neighbours: int = 3,
    *,
    real_radii: np.ndarray | None = None,
) -> PrecisionRecall:
    """Counts what lies in the other set's balls.

    Around each member of a set a closed ball reaches its k-th nearest neighbour in that set,
    itself not counted; a set's balls together stand for its manifold (paper, eq. 1 and 2).
    One outlier has a ball that covers much: that is what density and coverage amend.

    Args:
      real: features of real examples `(n, dimension)`.
      samples: features of samples `(m, dimension)`.
      num_neighbours: k.
      real_radii: `squared_radii(real, k)`, where it is at hand.

    Raises:
      ValueError: if the sets do not fit, or have no k-th neighbour.

    References:
      Kynkäänniemi et al., `Improved precision and recall metric for assessing generative
      models <https://arxiv.org/abs/1904.06991>`_, 2019.
    """
    real, samples = _checked("precision_recall", real, samples, num_neighbours)
    squared = _radii(real, num_neighbours, real_radii)
    sample_radii = _radii(samples, num_neighbours)
    precise = np.empty(len(samples), bool)
    recalled = np.zeros(len(real), bool)
    for rows, distances in _arrays.squared_distances(samples, real):
        precise[rows] = (distances <= squared).any(axis=1)
        recalled |= (distances <= sample_radii[rows, None]).any(axis=0)
    return PrecisionRecall(float(precise.mean()), float(recalled.mean()))


class DensityCoverage(NamedTuple):
    """Density and coverage.

    Attributes:
      density: balls of real examples around a sample, on average, divided by k; may pass 1.
      coverage: share of the real examples with a sample in their ball.
    """

    density: float
    coverage: float


def density_coverage(
    real: np.ndarray,
    samples: np.ndarray,
    num_neighbours: int = 5,
    *,
    real_radii: np.ndarray | None = None,
) -> DensityCoverage:
    """Counts samples in the balls of real examples, which outliers among samples do not move.

    The balls are those of `precision_recall`, of the real examples alone, and open, as in the
    authors' program.

    Args:
      real: features of real examples `(n, dimension)`.
      samples: features of samples `(m, dimension)`.
      num_neighbours: k.
      real_radii: `squared_radii(real, k)`, where it is at hand.

    Raises:
      ValueError: if the sets do not fit, or have no k-th neighbour.

    References:
      Naeem et al., `Reliable fidelity and diversity metrics for generative models
      <https://arxiv.org/abs/2002.09797>`_, 2020, eq. 3 and 4.
    """
    real, samples = _checked("density_coverage", real, samples, num_neighbours, least=1)
    radii = _radii(real, num_neighbours, real_radii)
    inside, nearest = 0, np.full(len(real), np.inf)
    for _, distances in _arrays.squared_distances(samples, real):
        inside += int((distances < radii).sum())
        np.minimum(nearest, distances.min(axis=0), out=nearest)
    density = inside / (num_neighbours * len(samples))
    return DensityCoverage(float(density), float((nearest < radii).mean()))


def _checked(
    function: str, real: np.ndarray, samples: np.ndarray, k: int, least: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    real, samples = _arrays.feature_sets(function, real, samples, 1)
    if k < 1 or len(real) <= k or len(samples) < (k + 1 if least is None else least):
        raise ValueError(
            f"{function}: num_neighbours={k}, but there are {len(real)} real examples and "
            f"{len(samples)} samples; give more of them or fewer neighbours."
        )
    return real, samples


def _radii(features: np.ndarray, k: int, radii: np.ndarray | None = None) -> np.ndarray:
    return squared_radii(features, k) if radii is None else radii


def squared_radii(features: np.ndarray, num_neighbours: int) -> np.ndarray:
    """Returns the squared distance of each row to its k-th nearest other row.

    Args:
      features: `(n, dimension)`.
      num_neighbours: k, below n.
    """
    features = np.asarray(features, np.float64)
    radii = np.empty(len(features))
    for rows, distances in _arrays.squared_distances(features, features):
        own = np.arange(rows.start, rows.stop)
        distances[np.arange(len(own)), own] = 0  # to itself, which rounding may not show
        radii[rows] = np.partition(distances, num_neighbours, axis=1)[:, num_neighbours]
    return radii
