"""Kernel distance, the maximum mean discrepancy under a cubic polynomial kernel."""

from typing import NamedTuple

import numpy as np

from minmax_jax.gan.evaluation.metrics import _arrays


class KernelDistance(NamedTuple):
    """Unbiased estimate of a squared maximum mean discrepancy.

    Attributes:
      value: Mean over the subsets. Negative values are possible for similar sets.
      deviation: Standard deviation over the subsets, which papers report after ±.
        It describes sets of `subset_size` rows.
      standard_error: Standard error of `value` as an estimate for the two
        distributions. NaN if a subset is a whole set.
      num_subsets: Number of subsets.
      subset_size: Number of rows that are drawn from each set for a subset.
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
    """Computes the kernel distance between two feature sets.

    With Inception features it is called KID. It is the mean over random subsets of

        MMD² = mean k(x, x') + mean k(y, y') − 2 mean k(x, y)

    with the kernel `k(x, y) = (xy / dimension + 1)³` and pairs of different rows
    in the first two means. It is unbiased: unlike the Fréchet distance, its
    expectation does not depend on the number of samples.

    **Standard error.** The value of a subset of s of n rows has the variance
    `V (1/s − 1/n)` around the value of the whole sets, which in turn has the
    variance `V / n` around the true value. The variance over subsets is therefore
    scaled by `s / (n − s)`, plus `1 / num_subsets` for the finite number of
    subsets. n is the size of the smaller set, which gives an upper estimate.

    Args:
      first: Features, `(n, dimension)`.
      second: Features, `(m, dimension)`.
      num_subsets: Number of subsets.
      subset_size: Number of rows per subset. Default: 1000, at most half of the
        smaller set.
      seed: Seed of the subsets. NumPy's `RandomState` draws the same subsets in
        all versions.

    Raises:
      ValueError: If the sets differ in dimension, are not finite, or are smaller
        than a subset.

    References:
      Bińkowski et al., `Demystifying MMD GANs <https://arxiv.org/abs/1801.01401>`_, 2018.
    """
    first, second = _arrays.check_features("kernel_distance", first, second, 4)
    smaller = min(len(first), len(second))
    size = min(1000, smaller // 2) if subset_size is None else subset_size
    if not 2 <= size <= smaller:
        raise ValueError(
            f"kernel_distance: subset_size must be between 2 and {smaller}, the size of the "
            f"smaller set, got {size}."
        )
    if num_subsets < 1:
        raise ValueError(f"kernel_distance: num_subsets must be at least 1, got {num_subsets}.")
    random = np.random.RandomState(seed)
    values = np.empty(num_subsets)
    for index in range(num_subsets):
        one = first[random.choice(len(first), size, replace=False)]
        other = second[random.choice(len(second), size, replace=False)]
        values[index] = _squared_mmd(one, other)
    deviation = float(values.std())
    scale = size / (smaller - size) + 1 / num_subsets if size < smaller else np.nan
    return KernelDistance(
        value=float(values.mean()),
        deviation=deviation,
        standard_error=float(deviation * np.sqrt(scale)),
        num_subsets=num_subsets,
        subset_size=size,
    )


def _squared_mmd(x: np.ndarray, y: np.ndarray) -> float:
    within = [_kernel_sum(z, z, distinct=True) / (len(z) * (len(z) - 1)) for z in (x, y)]
    return sum(within) - 2 * _kernel_sum(x, y) / (len(x) * len(y))


def _kernel_sum(x: np.ndarray, y: np.ndarray, distinct: bool = False) -> float:
    """Sums `(xy / dimension + 1)³` over all pairs of rows.

    With `distinct`, x and y are the same set and the pairs of a row with itself
    are left out.
    """
    total = 0.0
    height = max(1, _arrays.BLOCK // len(y))
    for start in range(0, len(x), height):
        part = x[start : start + height]
        base = part @ y.T / x.shape[1] + 1
        total += float(np.einsum("ij,ij,ij->", base, base, base))
    diagonal = ((x * x).sum(axis=1) / x.shape[1] + 1) ** 3 if distinct else 0.0
    return total - float(np.sum(diagonal))
