"""Feature extractors for the evaluation of samples.

`classifier`   last hidden layer of a network trained on the labels of the dataset
`pixels`       pixels, also of images without labels
`points`       vectors, unchanged
`inception`    Inception-v3 with the weights that FID and KID need

Scores of different extractors cannot be compared, nor can scores of two different
classifiers. The `facts` of an extractor tell them apart.
"""

from minmax_jax.gan.evaluation.features.extractor import Extracted, Extractor, describe
from minmax_jax.gan.evaluation.features.inception_weights import convert as convert_inception
from minmax_jax.gan.evaluation.features.pretrained import inception
from minmax_jax.gan.evaluation.features.raw import pixels, points
from minmax_jax.gan.evaluation.features.registry import (
    EXTRACTORS,
    ExtractorEntry,
    build,
    check,
    default,
    outline,
)
from minmax_jax.gan.evaluation.features.trained import classifier

__all__ = [
    "EXTRACTORS",
    "Extracted",
    "Extractor",
    "ExtractorEntry",
    "build",
    "check",
    "classifier",
    "convert_inception",
    "default",
    "describe",
    "inception",
    "outline",
    "pixels",
    "points",
]
