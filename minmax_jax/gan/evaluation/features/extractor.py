"""Interface of feature extractors."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np


class Extracted(NamedTuple):
    """Features of examples, and class probabilities if the extractor has any.

    Attributes:
      features: float32 `(n, dimension)`.
      probabilities: Probability of each class, float32 `(n, num_classes)`, or
        None.
    """

    features: np.ndarray
    probabilities: np.ndarray | None = None


class Extractor(NamedTuple):
    """Feature extractor for one dataset.

    Attributes:
      name: Name in `EXTRACTORS`.
      extract: Computes features of examples. Images are uint8, or floats in −1…1.
      facts: Values that distinguish this extractor from others of the same name,
        and its accuracy. They are stored with the scores.
      num_classes: Number of classes of the dataset if the probabilities are for
        these classes, otherwise None.
      key: Cache key for the features of real images, or None if the features are
        cheap to compute.
      resizing: What happens to images before features are extracted, such as a change of
        their size. It is stored with the scores.
    """

    name: str
    extract: Callable[[np.ndarray], Extracted]
    facts: Mapping[str, Any]
    num_classes: int | None = None
    key: str | None = None
    resizing: str = "none"


def describe(name: str, facts: Mapping[str, Any]) -> str:
    """Returns the name and the facts of an extractor as readable text.

    Example:
      >>> describe("classifier", {"test_accuracy": 0.9917, "network": "1f0c9a7e"})
      'classifier 1f0c9a7e, 99.2% test accuracy'
    """
    identity = [str(facts[key]) for key in ("network", "weights") if key in facts]
    text = " ".join([name, *identity])
    if "test_accuracy" in facts:
        text += f", {100 * facts['test_accuracy']:.1f}% test accuracy"
    if "size" in facts:
        text += f", size {facts['size']}"
    return text
