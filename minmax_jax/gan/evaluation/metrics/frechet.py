"""Fréchet distance between two feature sets."""

import numpy as np

from minmax_jax.gan.evaluation.metrics import _arrays


def frechet_distance(first: np.ndarray, second: np.ndarray) -> float:
    """Computes the Fréchet distance between Gaussians fitted to two feature sets.

    The distance is `‖μ₁ − μ₂‖² + tr(Σ₁ + Σ₂ − 2 (Σ₁Σ₂)^½)`. The trace of the root
    is computed from the eigenvalues of the symmetric matrix `Σ₁^½ Σ₂ Σ₁^½`, which
    are the eigenvalues of Σ₁Σ₂. Covariances divide by n − 1.

    The distance is biased upwards by about dimension / n, so compare distances
    only at equal numbers of samples.

    Args:
      first: Features, `(n, dimension)`.
      second: Features, `(m, dimension)`.

    Raises:
      ValueError: If the sets are not finite matrices of the same dimension with
        at least two rows.

    References:
      Heusel et al., `GANs trained by a two time-scale update rule
      <https://arxiv.org/abs/1706.08500>`_, 2017; Dowson, Landau, 1982.
    """
    first, second = _arrays.check_features("frechet_distance", first, second)
    shift = first.mean(axis=0) - second.mean(axis=0)
    covariances = [np.atleast_2d(np.cov(array, rowvar=False)) for array in (first, second)]
    root = _symmetric_root(covariances[0])
    eigenvalues = np.linalg.eigvalsh(root @ covariances[1] @ root)
    cross = np.sqrt(np.clip(eigenvalues, 0, None)).sum()
    trace = np.trace(covariances[0]) + np.trace(covariances[1])
    return float(max(shift @ shift + trace - 2 * cross, 0.0))


def _symmetric_root(matrix: np.ndarray) -> np.ndarray:
    """Returns the square root of a symmetric positive semidefinite matrix."""
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T
