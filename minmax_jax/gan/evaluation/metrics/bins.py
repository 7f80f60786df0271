"""Number of statistically different bins (NDB), and divergence of bin proportions."""

import warnings
from typing import Any, NamedTuple

import numpy as np

from minmax_jax.gan.evaluation.metrics import _arrays

_MAX_ITERATIONS = 100
"""Iterations of k-means. The centers of 10,000 feature vectors converge earlier."""


class DifferentBins(NamedTuple):
    """Comparison of the proportions of two sets in the same bins.

    Attributes:
      different: Number of bins whose proportions differ significantly. Two sets
        from one distribution differ in about `significance · num_bins` bins.
      num_bins: Number of bins.
      divergence: Jensen–Shannon divergence of the two sets of proportions, in
        nats, at most log 2.
      reference_shares: Proportion of the reference in each bin, `(num_bins,)`.
      sample_shares: Proportion of the samples in each bin, `(num_bins,)`.
    """

    different: int
    num_bins: int
    divergence: float
    reference_shares: np.ndarray
    sample_shares: np.ndarray


def different_bins(
    reference: np.ndarray,
    samples: np.ndarray,
    centers: np.ndarray,
    *,
    significance: float = 0.05,
) -> DifferentBins:
    """Counts the bins in which the proportions of two sets differ significantly.

    Args:
      reference: Features of real examples, `(n, dimension)`.
      samples: Features of samples, `(m, dimension)`.
      centers: Centers of the bins, `(num_bins, dimension)`, for example from
        `bin_centers`. A row belongs to its nearest center, the first of equally
        near ones.
      significance: Level of the two-sided test of each bin.

    Raises:
      ValueError: If the sets and the centers differ in dimension, are empty or
        are not finite.

    References:
      Richardson, Weiss, `On GANs and GMMs <https://arxiv.org/abs/1805.12462>`_, 2018.
    """
    import scipy.special  # It takes long to import, and training does not need it.

    reference, samples = _arrays.check_features("different_bins", reference, samples, 1)
    _, centers = _arrays.check_features("different_bins", reference, centers, 1)
    first, second = (_counts(array, centers) for array in (reference, samples))
    shares = first / first.sum(), second / second.sum()
    mixture = (shares[0] + shares[1]) / 2
    divergence = sum(float(scipy.special.rel_entr(share, mixture).sum()) for share in shares) / 2
    different = different_proportions(first, second, significance=significance)
    return DifferentBins(int(different.sum()), len(centers), divergence, *shares)


def different_proportions(
    first: np.ndarray, second: np.ndarray, *, significance: float = 0.05
) -> np.ndarray:
    """Tests for each bin whether its proportions in two sets differ significantly.

    The test is the two-sided two-proportion z-test with pooled variance,
    `z = (p₁ − p₂) / √(p (1 − p) (1/n₁ + 1/n₂))`. Its normal approximation needs
    about five counts per bin.

    Args:
      first: Counts of the first set, `(num_bins,)`.
      second: Counts of the second set, `(num_bins,)`.
      significance: Level of the test.

    Returns:
      Boolean array `(num_bins,)`.
    """
    import scipy.special

    first, second = np.asarray(first, np.float64), np.asarray(second, np.float64)
    n, m = first.sum(), second.sum()
    pooled = (first + second) / (n + m)
    gap = np.abs(first / n - second / m)
    error = np.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
    z = np.divide(gap, error, out=np.zeros_like(gap), where=error > 0)
    return 2 * scipy.special.ndtr(-z) < significance


def bin_centers(reference: np.ndarray, num_bins: int = 100, *, seed: int = 0) -> np.ndarray:
    """Computes bin centers by k-means on the features of real examples.

    scikit-learn's k-means runs with one initialization and on one thread, so the
    same features and seed always give the same centers.

    Args:
      reference: Features, `(n, dimension)`.
      num_bins: Number of bins: about 100, with at least a few tens of rows each.
      seed: Seed of the initial centers.

    Returns:
      Centers, `(num_bins, dimension)`.

    Raises:
      ValueError: If there are fewer rows than bins.
    """
    # scikit-learn is imported here because importing it takes more than a second.
    import threadpoolctl
    from sklearn import cluster, exceptions

    reference, _ = _arrays.check_features("bin_centers", reference, reference, 1)
    if not 1 <= num_bins <= len(reference):
        raise ValueError(
            f"bin_centers: num_bins must be between 1 and the {len(reference)} rows of reference, "
            f"got {num_bins}."
        )
    settings: Any = {"n_init": 1, "max_iter": _MAX_ITERATIONS, "tol": 0.0, "random_state": seed}
    k_means = cluster.KMeans(num_bins, **settings)
    # Several threads add up the rows of a cluster in an order that changes from run to run.
    with threadpoolctl.threadpool_limits(1), warnings.catch_warnings():
        # scikit-learn warns if there are fewer distinct rows than bins; bins may be empty here.
        warnings.simplefilter("ignore", exceptions.ConvergenceWarning)
        return k_means.fit(reference).cluster_centers_


def _counts(features: np.ndarray, centers: np.ndarray) -> np.ndarray:
    """Counts the rows that belong to each center."""
    blocks = _arrays.squared_distances(features, centers)
    nearest = np.concatenate([distances.argmin(axis=1) for _, distances in blocks])
    return np.bincount(nearest, minlength=len(centers))
