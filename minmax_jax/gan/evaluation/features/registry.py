"""Registry of feature extractors."""

from collections.abc import Callable
from typing import NamedTuple

from minmax_jax.gan.base.errors import ConfigError, check_name
from minmax_jax.gan.base.messages import Note, ignore_note
from minmax_jax.gan.base.registry import Registry
from minmax_jax.gan.data import Data
from minmax_jax.gan.evaluation.features import pretrained, raw, trained
from minmax_jax.gan.evaluation.features.extractor import Extractor


class ExtractorEntry(NamedTuple):
    """Entry of `EXTRACTORS`.

    Attributes:
      build: Creates the extractor from the dataset, a function for messages, and
        the file of Inception weights (or None).
      kind: Kind of data that the extractor supports: `"image"` or `"vector"`.
    """

    build: Callable[[Data, Note, str | None], Extractor]
    kind: str = "image"


EXTRACTORS: Registry[ExtractorEntry] = Registry(
    "extractor",
    {
        "classifier": ExtractorEntry(lambda data, note, _: trained.classifier(data, note)),
        "pixels": ExtractorEntry(lambda data, *_: raw.pixels(data)),
        "points": ExtractorEntry(lambda *_: raw.points(), kind="vector"),
        "inception": ExtractorEntry(lambda _, note, weights: pretrained.inception(weights, note)),
    },
)
"""Maps the name of an extractor to its `ExtractorEntry`."""


def default(data: Data) -> str:
    """Returns the name of the default extractor for a dataset.

    It is `points` for vectors, `classifier` for labeled images, and `pixels` for
    other images.
    """
    if data.kind == "vector":
        return "points"
    return "pixels" if data.labels is None else "classifier"


def build(
    name: str, data: Data, note: Note = ignore_note, *, inception_weights: str | None = None
) -> Extractor:
    """Creates an extractor by name.

    Args:
      name: Name in `EXTRACTORS`.
      data: Dataset whose samples are evaluated.
      note: Called with one line before a slow operation.
      inception_weights: File of weights for `inception`. Default: the published
        weights, downloaded once.

    Raises:
      ConfigError: If the name is unknown, the extractor does not support the data,
        or its package or weights are missing.
      DataError: If the extractor is `classifier` and the images have no labels.
    """
    check_name("extractors", name, EXTRACTORS)
    entry = EXTRACTORS[name]
    if entry.kind != data.kind:
        suitable = [other for other, found in EXTRACTORS.items() if found.kind == data.kind]
        raise ConfigError(
            f"extractors={name}: {data.name} contains {data.kind}s. Use {' or '.join(suitable)}."
        )
    return entry.build(data, note, inception_weights)
