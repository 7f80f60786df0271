"""Real examples that samples are compared with."""

import functools
from typing import NamedTuple

import numpy as np

from minmax_jax.gan.data import Data
from minmax_jax.gan.evaluation import metrics
from minmax_jax.gan.evaluation.features import Extracted, Extractor

_MAX_BINS = 100
_ROWS_PER_BIN = 20


class Reference:
    """Features of real examples, with quantities that are computed only once.

    Args:
      data: Dataset.
      extractor: Feature extractor.
      extracted: Features of the real examples.
      labels: Classes of the real examples, or None.
    """

    def __init__(
        self,
        data: Data,
        extractor: Extractor,
        extracted: Extracted,
        labels: np.ndarray | None = None,
    ) -> None:
        self.data, self.extractor, self.features = data, extractor, extracted.features
        self.labels = labels
        self._radii: dict[int, np.ndarray] = {}

    @functools.cached_property
    def centers(self) -> np.ndarray:
        """Centers of 100 bins, or of one bin per 20 examples if there are fewer than 2,000."""
        num_bins = min(_MAX_BINS, max(2, len(self.features) // _ROWS_PER_BIN))
        return metrics.bin_centers(self.features, num_bins)

    def of_class(self, label: int) -> "Reference":
        """Returns the real examples of one class. They must have labels."""
        rows = np.flatnonzero(np.asarray(self.labels) == label)
        return Reference(self.data, self.extractor, Extracted(self.features[rows]))

    def radii(self, num_neighbors: int) -> np.ndarray:
        """Returns the squared radii of the balls around the real examples."""
        if num_neighbors not in self._radii:
            self._radii[num_neighbors] = metrics.squared_radii(self.features, num_neighbors)
        return self._radii[num_neighbors]


class Samples(NamedTuple):
    """Examples to be scored.

    Attributes:
      examples: Examples as they were generated, `(n, *sample_shape)`.
      extracted: Their features.
      labels: Class of each example: of samples the class that the generator was asked for. None
        without classes.
    """

    examples: np.ndarray
    extracted: Extracted
    labels: np.ndarray | None = None

    def take(self, rows: np.ndarray) -> "Samples":
        """Returns some of the examples."""
        found, probabilities = self.extracted
        extracted = Extracted(
            found[rows] if len(found) else found,
            None if probabilities is None else probabilities[rows],
        )
        labels = None if self.labels is None else self.labels[rows]
        return Samples(self.examples[rows], extracted, labels)
