"""Number of statistically different bins: where samples are too many or too few."""

from typing import NamedTuple

import numpy as np
import scipy.special

from minmax_jax.gan.evaluation.metrics import _arrays
from minmax_jax.gan.evaluation.metrics._k_means import k_means, nearest


class DifferentBins(NamedTuple):
    """How two sets fill the same bins.

    Attributes:
      different: number of bins whose shares differ significantly; by chance alone about
        `significance · num_bins`.
      num_bins: number of bins.
      divergence: Jensen–Shannon divergence of the two sets of shares, in nats, at most log 2.
      reference_shares: `(num_bins,)`.
      sample_shares: `(num_bins,)`.
    """

    different: int
    num_bins: int
    divergence: float
    reference_shares: np.ndarray
    sample_shares: np.ndarray


def different_bins(
    reference: np.ndarray,
    samples: np.ndarray,
    centres: np.ndarray,
    *,
    significance: float = 0.05,
) -> DifferentBins:
    """Compares the shares of two sets in the cells around `centres`, bin by bin.

    Args:
      reference: features of real examples `(n, dimension)`.
      samples: features of samples `(m, dimension)`.
      centres: a row belongs to the nearest one, the first of two alike; see `bin_centres`.
      significance: level of each bin's two-sided test.

    Raises:
      ValueError: if the sets do not fit one another or the centres.

    References:
      Richardson, Weiss, `On GANs and GMMs <https://arxiv.org/abs/1805.12462>`_, 2018.
    """
    reference, samples = _arrays.feature_sets("different_bins", reference, samples, 1)
    _, centres = _arrays.feature_sets("different_bins", reference, centres, 1)
    first, second = (_counts(array, centres) for array in (reference, samples))
    shares = first / first.sum(), second / second.sum()
    mixture = (shares[0] + shares[1]) / 2
    divergence = sum(float(scipy.special.rel_entr(share, mixture).sum()) for share in shares) / 2
    different = different_proportions(first, second, significance=significance)
    return DifferentBins(int(different.sum()), len(centres), divergence, *shares)


def different_proportions(
    first: np.ndarray, second: np.ndarray, *, significance: float = 0.05
) -> np.ndarray:
    """Tells for each bin whether its shares of two sets of counts differ significantly.

    The two-proportion z-test with the pooled variance: `z = (p₁ − p₂) / √(p (1 − p) (1/n₁ +
    1/n₂))`, two-sided. Its normal approximation wants about five counts in a bin.

    Args:
      first: counts `(num_bins,)`.
      second: counts `(num_bins,)`.
      significance: level of the test.
    """
    first, second = np.asarray(first, np.float64), np.asarray(second, np.float64)
    n, m = first.sum(), second.sum()
    pooled = (first + second) / (n + m)
    gap = np.abs(first / n - second / m)
    error = np.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
    z = np.divide(gap, error, out=np.zeros_like(gap), where=error > 0)
    return 2 * scipy.special.ndtr(-z) < significance


def bin_centres(reference: np.ndarray, num_bins: int = 100, *, seed: int = 0) -> np.ndarray:
    """Returns the k-means centres of real features, `(num_bins, dimension)`.

    Args:
      reference: features `(n, dimension)`.
      num_bins: how many; about a hundred, with at least some tens of rows in each.
      seed: of the first centres.

    Raises:
      ValueError: if there are fewer rows than bins.
    """
    reference, _ = _arrays.feature_sets("bin_centres", reference, reference, 1)
    if not 1 <= num_bins <= len(reference):
        raise ValueError(
            f"bin_centres: num_bins={num_bins} with {len(reference)} rows; give at most as many "
            "bins as rows."
        )
    return k_means(reference, num_bins, seed)


def _counts(features: np.ndarray, centres: np.ndarray) -> np.ndarray:
    return np.bincount(nearest(features, centres), minlength=len(centres))
