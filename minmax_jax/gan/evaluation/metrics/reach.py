"""Which classes, or which known modes, samples reach."""

from typing import NamedTuple

import numpy as np


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
