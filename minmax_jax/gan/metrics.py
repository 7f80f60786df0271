"""Quality of samples in numbers, from arrays of features, predictions or points."""

from typing import NamedTuple

import numpy as np


def frechet_distance(first: np.ndarray, second: np.ndarray) -> float:
    """Returns the Fréchet distance of two Gaussians fitted to features.

    `‖μ₁ − μ₂‖² + tr(Σ₁ + Σ₂ − 2 (Σ₁Σ₂)^½)`, the last trace as the sum of the square roots of
    the eigenvalues of the symmetric `Σ₁^½ Σ₂ Σ₁^½`, which has those of Σ₁Σ₂. In float64;
    covariances divide by n − 1. Biased upwards by about dimension/n: compare at equal n.

    Args:
      first: features `(n, dimension)`.
      second: features `(m, dimension)`.

    Raises:
      ValueError: if they are no two matrices of one width with at least two rows.

    References:
      Heusel et al., `GANs trained by a two time-scale update rule
      <https://arxiv.org/abs/1706.08500>`_, 2017; Dowson, Landau, 1982.
    """
    first, second = (np.asarray(array, np.float64) for array in (first, second))
    if first.ndim != 2 or second.ndim != 2 or first.shape[1] != second.shape[1]:
        raise ValueError(
            "frechet_distance: first and second must be (n, dimension) with one dimension, got "
            f"{first.shape} and {second.shape}."
        )
    if min(len(first), len(second)) < 2:
        raise ValueError(
            f"frechet_distance: needs at least two rows each, got {len(first)} and {len(second)}."
        )
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


class ClassCoverage(NamedTuple):
    """Which classes a set of samples shows.

    Attributes:
      reached: number of classes with at least the least share.
      num_classes: number of classes there are.
      entropy: of the shares, in nats; log(num_classes) if all are alike.
      shares: share of the samples in each class, `(num_classes,)`.
    """

    reached: int
    num_classes: int
    entropy: float
    shares: np.ndarray


def class_coverage(
    predicted: np.ndarray, num_classes: int, min_share: float | None = None
) -> ClassCoverage:
    """Counts the classes that samples reach.

    Args:
      predicted: predicted class of each sample, `(n,)`.
      num_classes: number of classes.
      min_share: a class counts with at least this share; by default a fifth of an even one.

    Raises:
      ValueError: if there are no samples.
    """
    if not len(predicted):
        raise ValueError("class_coverage: predicted is empty; give at least one sample.")
    least = 0.2 / num_classes if min_share is None else min_share
    shares = np.bincount(np.asarray(predicted), minlength=num_classes) / len(predicted)
    positive = shares[shares > 0]
    return ClassCoverage(
        reached=int((shares >= least).sum()),
        num_classes=num_classes,
        entropy=float(-(positive * np.log(positive)).sum()),
        shares=shares,
    )


class ModeCoverage(NamedTuple):
    """Which modes of a known mixture a set of samples reaches.

    Attributes:
      reached: number of modes with at least the least share of the samples close by.
      num_modes: number of modes there are.
      close_share: share of the samples that are close to some mode.
      shares: share of the samples close to each mode, `(num_modes,)`.
    """

    reached: int
    num_modes: int
    close_share: float
    shares: np.ndarray


def mode_coverage(
    samples: np.ndarray, centres: np.ndarray, radius: float, min_share: float | None = None
) -> ModeCoverage:
    """Counts the modes that samples reach; a sample belongs to its nearest mode.

    Args:
      samples: points `(n, dimension)`; points that are not finite are close to no mode.
      centres: `(num_modes, dimension)`.
      radius: a sample is close within this distance (three standard deviations, say).
      min_share: a mode counts with at least this share of all samples close to it; by
        default a fifth of an even share.

    Raises:
      ValueError: if there are no samples.
    """
    if not len(samples):
        raise ValueError("mode_coverage: samples is empty; give at least one sample.")
    least = 0.2 / len(centres) if min_share is None else min_share
    samples = np.asarray(samples, np.float64)
    finite = np.asarray(np.isfinite(samples).all(axis=1))
    far = np.where(finite[:, None], samples, np.inf)[:, None, :] - centres[None]
    distances: np.ndarray = np.linalg.norm(far, axis=-1)
    nearest = distances.argmin(axis=1)
    close = distances.min(axis=1) <= radius
    shares = np.bincount(nearest[close], minlength=len(centres)) / len(samples)
    return ModeCoverage(
        reached=int((shares >= least).sum()),
        num_modes=len(centres),
        close_share=float(close.mean()),
        shares=shares,
    )
