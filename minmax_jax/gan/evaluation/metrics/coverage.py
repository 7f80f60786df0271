"""Class coverage and mode coverage."""

from typing import NamedTuple

import numpy as np


class ClassCoverage(NamedTuple):
    """Classes that a set of samples covers.

    Attributes:
      covered: Number of classes with at least the minimum share of the samples.
      num_classes: Number of classes.
      entropy: Entropy of the shares in nats; log(num_classes) if they are equal.
      shares: Share of the samples in each class, `(num_classes,)`.
    """

    covered: int
    num_classes: int
    entropy: float
    shares: np.ndarray


def class_coverage(
    predicted: np.ndarray, num_classes: int, min_share: float | None = None
) -> ClassCoverage:
    """Counts the classes that samples cover.

    Args:
      predicted: Predicted class of each sample, `(n,)`.
      num_classes: Number of classes.
      min_share: Share of the samples that must be in a class for the class to be
        covered. Default: `0.2 / num_classes`.

    Raises:
      ValueError: If there are no samples.
    """
    if not len(predicted):
        raise ValueError("class_coverage: predicted must contain at least one sample, got none.")
    threshold = 0.2 / num_classes if min_share is None else min_share
    shares = np.bincount(np.asarray(predicted), minlength=num_classes) / len(predicted)
    positive = shares[shares > 0]
    return ClassCoverage(
        covered=int((shares >= threshold).sum()),
        num_classes=num_classes,
        entropy=float(-(positive * np.log(positive)).sum()) + 0.0,  # This turns −0 into 0.
        shares=shares,
    )


class ModeCoverage(NamedTuple):
    """Modes of a known mixture that a set of samples covers.

    Attributes:
      covered: Number of modes with at least the minimum share of the samples.
      num_modes: Number of modes.
      close_share: Share of the samples that are close to any mode.
      shares: Share of the samples close to each mode, `(num_modes,)`.
    """

    covered: int
    num_modes: int
    close_share: float
    shares: np.ndarray


def mode_coverage(
    samples: np.ndarray, centers: np.ndarray, radius: float, min_share: float | None = None
) -> ModeCoverage:
    """Counts the modes that samples cover.

    Each sample counts for its nearest mode only.

    Args:
      samples: Points, `(n, dimension)`. Points that are not finite are not close
        to any mode.
      centers: Means of the modes, `(num_modes, dimension)`.
      radius: Largest distance at which a sample is close to a mode, for example
        three standard deviations.
      min_share: Share of all samples that must be close to a mode for the mode to be
        covered. Default: `0.2 / num_modes`.

    Raises:
      ValueError: If there are no samples.
    """
    if not len(samples):
        raise ValueError("mode_coverage: samples must contain at least one sample, got none.")
    threshold = 0.2 / len(centers) if min_share is None else min_share
    samples = np.asarray(samples, np.float64)
    finite = np.asarray(np.isfinite(samples).all(axis=1))
    offsets = np.where(finite[:, None], samples, np.inf)[:, None, :] - centers[None]
    distances: np.ndarray = np.linalg.norm(offsets, axis=-1)
    nearest = distances.argmin(axis=1)
    close = distances.min(axis=1) <= radius
    shares = np.bincount(nearest[close], minlength=len(centers)) / len(samples)
    return ModeCoverage(
        covered=int((shares >= threshold).sum()),
        num_modes=len(centers),
        close_share=float(close.mean()),
        shares=shares,
    )
