"""Registry of feature extractors."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from minmax_jax.gan.base.errors import ConfigError, check_name
from minmax_jax.gan.base.messages import Note, ignore_note
from minmax_jax.gan.base.registry import Registry
from minmax_jax.gan.data import Data
from minmax_jax.gan.evaluation.features import pretrained, raw, trained
from minmax_jax.gan.evaluation.features.extractor import Extracted, Extractor


def _no_check(data: Data, inception_weights: str | None) -> None:
    pass


class ExtractorEntry(NamedTuple):
    """Entry of `EXTRACTORS`.

    Attributes:
      build: Creates the extractor from the dataset, a function for messages, and
        the file of Inception weights (or None).
      kind: Kind of data that the extractor supports: `"image"` or `"vector"`.
      has_classes: Whether its probabilities are for the classes of the dataset. None:
        not known before it is built.
      check: Raises an error, given the dataset and the file of Inception weights, if
        the extractor cannot be built. It is called before anything slow.
    """

    build: Callable[[Data, Note, str | None], Extractor]
    kind: str = "image"
    has_classes: bool | None = None
    check: Callable[[Data, str | None], None] = _no_check


EXTRACTORS: Registry[ExtractorEntry] = Registry(
    "extractor",
    {
        "classifier": ExtractorEntry(
            lambda data, note, _: trained.classifier(data, note),
            has_classes=True,
            check=lambda data, _: trained.check(data),
        ),
        "pixels": ExtractorEntry(lambda data, *_: raw.pixels(data), has_classes=False),
        "points": ExtractorEntry(lambda *_: raw.points(), kind="vector", has_classes=False),
        "inception": ExtractorEntry(
            lambda _, note, weights: pretrained.inception(weights, note),
            has_classes=False,
            check=lambda _, weights: pretrained.check(weights),
        ),
    },
)
"""Maps the name of an extractor to its `ExtractorEntry`."""


def default(data: Data) -> str:
    """Returns the name of the default extractor for a dataset.

    It is `points` for vectors, `classifier` for images of at least two classes, and
    `pixels` for other images.
    """
    if data.kind == "vector":
        return "points"
    return "pixels" if data.labels is None or (data.num_classes or 0) < 2 else "classifier"


def check(name: str, data: Data, *, inception_weights: str | None = None) -> None:
    """Checks that an extractor can be built, without building it.

    Args:
      name: Name in `EXTRACTORS`.
      data: Dataset whose samples are evaluated.
      inception_weights: File of weights for `inception`, or None.

    Raises:
      ConfigError: If the name is unknown, the extractor does not support the data,
        or its weights are missing.
      DataError: If the extractor is `classifier` and the images do not have at least
        two classes.
    """
    check_name("extractors", name, EXTRACTORS)
    entry = EXTRACTORS[name]
    if entry.kind != data.kind:
        suitable = [other for other, found in EXTRACTORS.items() if found.kind == data.kind]
        raise ConfigError(
            f"extractors={name}: {data.name} contains {data.kind}s. Use {' or '.join(suitable)}."
        )
    entry.check(data, inception_weights)


def outline(name: str, data: Data) -> Extractor | None:
    """Returns an extractor without its function, to find out which metrics it allows.

    Returns:
      The name and the number of classes, or None if they are known only after the
      extractor has been built.
    """
    has_classes = EXTRACTORS[name].has_classes
    if has_classes is None:
        return None
    return Extractor(name, _not_built, {}, num_classes=data.num_classes if has_classes else None)


def _not_built(images: np.ndarray) -> Extracted:
    raise AssertionError("the outline of an extractor has no features")


def build(
    name: str, data: Data, note: Note = ignore_note, *, inception_weights: str | None = None
) -> Extractor:
    """Creates an extractor by name.

    Args:
      name: Name in `EXTRACTORS`.
      data: Dataset whose samples are evaluated.
      note: Called with one line before a slow operation.
      inception_weights: File of weights for `inception`. Default: the published
        weights, as `convert_inception` stored them.

    Raises:
      ConfigError: If the name is unknown, the extractor does not support the data,
        or its weights are missing.
      DataError: If the extractor is `classifier` and the images do not have at least
        two classes.
    """
    check(name, data, inception_weights=inception_weights)
    return EXTRACTORS[name].build(data, note, inception_weights)
