"""Fréchet distance: two feature sets compared by their means and covariances."""

import numpy as np

from minmax_jax.gan.evaluation.metrics import _arrays


def frechet_distance(first: np.ndarray, second: np.ndarray) -> float:
    """Returns the Fréchet distance of two Gaussians fitted to features.

    `‖μ₁ − μ₂‖² + tr(Σ₁ + Σ₂ − 2 (Σ₁Σ₂)^½)`, the last trace as the sum of the square roots of
    the eigenvalues of the symmetric `Σ₁^½ Σ₂ Σ₁^½`, which has those of Σ₁Σ₂. In float64;
    covariances divide by n − 1. Biased upwards by about dimension/n: compare at equal n.

    Args:
      first: features `(n, dimension)`.
      second: features `(m, dimension)`.

    Raises:
      ValueError: if they are no two finite matrices of one width with at least two rows.

    References:
      Heusel et al., `GANs trained by a two time-scale update rule
      <https://arxiv.org/abs/1706.08500>`_, 2017; Dowson, Landau, 1982.
    """
    first, second = _arrays.feature_sets("frechet_distance", first, second)
    shift = first.mean(axis=0) - second.mean(axis=0)
    covariances = [np.atleast_2d(np.cov(array, rowvar=False)) for array in (first, second)]
    root = _symmetric_root(covariances[0])
    eigenvalues = np.linalg.eigvalsh(root @ covariances[1] @ root)
    cross = np.sqrt(np.clip(eigenvalues, 0, None)).sum()
    trace = np.trace(covariances[0]) + np.trace(covariances[1])
    return float(max(shift @ shift + trace - 2 * cross, 0.0))


def _symmetric_root(matrix: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T
