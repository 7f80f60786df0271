"""What an extractor is: images to features, and to probabilities of classes if it has any."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np


class Extracted(NamedTuple):
    """What an extractor makes of examples.

    Attributes:
      features: float32 `(n, dimension)`.
      probabilities: of each class, float32 `(n, num_classes)`, or None.
    """

    features: np.ndarray
    probabilities: np.ndarray | None = None


class Extractor(NamedTuple):
    """Features in which samples are judged.

    Attributes:
      name: one of `EXTRACTORS`.
      extract: examples (images as uint8, or float in −1…1) to what it makes of them.
      facts: what tells it from others of its name, and how good it is; stored beside scores.
      num_classes: number of the data's own classes, where the probabilities are of those.
      key: name under which features of real images may be kept, where they are dear.
    """

    name: str
    extract: Callable[[np.ndarray], Extracted]
    facts: Mapping[str, Any]
    num_classes: int | None = None
    key: str | None = None


def describe(name: str, facts: Mapping[str, Any]) -> str:
    """Returns extractor and facts as a person reads them.

    Example:
      >>> describe("classifier", {"test_accuracy": 0.9917, "network": "1f0c9a7e"})
      'classifier 1f0c9a7e, 99.2% test accuracy'
    """
    identity = [str(facts[key]) for key in ("network", "weights") if key in facts]
    text = " ".join([name, *identity])
    if "test_accuracy" in facts:
        text += f", {100 * facts['test_accuracy']:.1f}% test accuracy"
    return text + "".join(f", {key} {facts[key]}" for key in ("size",) if key in facts)
