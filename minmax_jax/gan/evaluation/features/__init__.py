"""Features in which samples are judged, by extractor.

`classifier`   the last hidden layer of a network trained on the data's own labels
`pixels`       the pixels themselves, of images without labels too
`points`       vectors as they are
`inception`    Inception-v3 through torch-fidelity (extra `fid`)

A score means something only beside the extractor that it was measured with: distances of
two extractors are of different kinds, also those of two classifiers. `facts` tells them apart.
"""

from collections.abc import Callable

from minmax_jax.gan import data as data_lib
from minmax_jax.gan.base.errors import ConfigError, check_name
from minmax_jax.gan.evaluation.features.extractor import Extracted, Extractor, describe
from minmax_jax.gan.evaluation.features.pretrained import inception
from minmax_jax.gan.evaluation.features.raw import pixels, points
from minmax_jax.gan.evaluation.features.trained import classifier

__all__ = [
    "EXTRACTORS",
    "Extracted",
    "Extractor",
    "build",
    "classifier",
    "default",
    "describe",
    "inception",
    "pixels",
    "points",
]

EXTRACTORS = ("classifier", "pixels", "points", "inception")


def default(data: data_lib.Data) -> str:
    """Returns the extractor that suits the data: points, classifier, or pixels without labels."""
    if data.kind == "vector":
        return "points"
    return "pixels" if data.labels is None else "classifier"


def build(
    name: str,
    data: data_lib.Data,
    note: Callable[[str], None] = lambda line: None,
    *,
    inception_weights: str | None = None,
) -> Extractor:
    """Returns the named extractor for a data set.

    Args:
      name: one of `EXTRACTORS`.
      data: the data whose samples it will judge.
      note: called with one line before something slow.
      inception_weights: file of weights for `inception`; None downloads the published ones.

    Raises:
      ConfigError: the name is not known, the extractor does not suit the data, or its package
        or weights are missing.
      DataError: a classifier is asked for, but the images have no labels.
    """
    check_name("extractors", name, EXTRACTORS)
    if (name == "points") != (data.kind == "vector"):
        suited = "points" if data.kind == "vector" else "classifier, pixels or inception"
        raise ConfigError(f"extractors={name}: {data.name} holds {data.kind}s; give {suited}")
    if name == "inception":
        return inception(inception_weights, note)
    if name == "classifier":
        return classifier(data, note)
    return pixels(data) if name == "pixels" else points()
