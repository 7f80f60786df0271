"""Kernel distance: the maximum mean discrepancy under a cubic polynomial kernel."""

from typing import NamedTuple

import numpy as np

from minmax_jax.gan.evaluation.metrics import _arrays


class KernelDistance(NamedTuple):
    """An unbiased squared maximum mean discrepancy, and how sure it is.

    Attributes:
      value: mean over the subsets; below zero where the sets are much alike.
      deviation: standard deviation over the subsets, what papers print after ±; it speaks of
        sets of `subset_size`.
      standard_error: of `value` as an estimate for the distributions, from that deviation;
        NaN where a subset is a whole set.
      num_subsets: number of subsets.
      subset_size: rows drawn from each set for a subset.
    """

    value: float
    deviation: float
    standard_error: float
    num_subsets: int
    subset_size: int


def kernel_distance(
    first: np.ndarray,
    second: np.ndarray,
    *,
    num_subsets: int = 100,
    subset_size: int | None = None,
    seed: int = 0,
) -> KernelDistance:
    """Returns the kernel distance of two feature sets, called KID in Inception features.

    `MMD² = mean k(x, x') + mean k(y, y') − 2 mean k(x, y)` with pairs of different rows in
    the first two means and `k(x, y) = (xy / dimension + 1)³`, averaged over random subsets.
    Unbiased: unlike the Fréchet distance it has one expectation for every sample count.

    A subset of s rows of n has the variance `V (1/s − 1/n)` about the value of the whole
    sets, and those have `V / n` about the truth: so the standard error follows from the
    deviation over subsets by the factor `s / (n − s)` on variances, with n the smaller count
    (which makes it an upper estimate), and a share for the finite number of subsets.

    Args:
      first: features `(n, dimension)`.
      second: features `(m, dimension)`.
      num_subsets: how many subsets.
      subset_size: rows of each; by default 1000, at most half of the smaller set.
      seed: of NumPy's `RandomState`, whose draws never change between versions.

    Raises:
      ValueError: if the sets do not fit, or are smaller than a subset.

    References:
      Bińkowski et al., `Demystifying MMD GANs <https://arxiv.org/abs/1801.01401>`_, 2018.
    """
    first, second = _arrays.feature_sets("kernel_distance", first, second, 4)
    smaller = min(len(first), len(second))
    size = min(1000, smaller // 2) if subset_size is None else subset_size
    if not 2 <= size <= smaller or num_subsets < 1:
        raise ValueError(
            f"kernel_distance: subset_size={size}, num_subsets={num_subsets}; give a size "
            f"between 2 and the smaller set's {smaller}, and at least one subset."
        )
    random = np.random.RandomState(seed)
    values = np.empty(num_subsets)
    for index in range(num_subsets):
        picked = first[random.choice(len(first), size, replace=False)]
        other = second[random.choice(len(second), size, replace=False)]
        values[index] = _squared_mmd(picked, other)
    deviation = float(values.std())
    spread = size / (smaller - size) + 1 / num_subsets if size < smaller else np.nan
    return KernelDistance(
        value=float(values.mean()),
        deviation=deviation,
        standard_error=float(deviation * np.sqrt(spread)),
        num_subsets=num_subsets,
        subset_size=size,
    )


def _squared_mmd(x: np.ndarray, y: np.ndarray) -> float:
    within = [_kernel_sum(z, z, pairs=True) / (len(z) * (len(z) - 1)) for z in (x, y)]
    return sum(within) - 2 * _kernel_sum(x, y) / (len(x) * len(y))


def _kernel_sum(x: np.ndarray, y: np.ndarray, pairs: bool = False) -> float:
    """Adds up `(xy / dimension + 1)³`, with `pairs` without those of a row with itself."""
    total = 0.0
    height = max(1, _arrays.BLOCK // len(y))
    for start in range(0, len(x), height):
        part = x[start : start + height]
        base = part @ y.T / x.shape[1] + 1
        total += float(np.einsum("ij,ij,ij->", base, base, base))
    own = ((x * x).sum(axis=1) / x.shape[1] + 1) ** 3 if pairs else 0.0
    return total - float(np.sum(own))
