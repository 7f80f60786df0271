"""Scores by name: which there are, what each needs, and what it calls its numbers."""

import functools
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from minmax_jax.gan import data as data_lib
from minmax_jax.gan.base.errors import ConfigError, check_name
from minmax_jax.gan.evaluation import metrics
from minmax_jax.gan.evaluation.features import Extracted, Extractor


class Reference:
    """The real examples that samples are compared with, and what is made of them once.

    Args:
      data: the data set.
      extractor: what judges.
      extracted: what it makes of the real examples.
    """

    def __init__(self, data: data_lib.Data, extractor: Extractor, extracted: Extracted) -> None:
        self.data, self.extractor, self.features = data, extractor, extracted.features
        self._radii: dict[int, np.ndarray] = {}

    @functools.cached_property
    def centres(self) -> np.ndarray:
        """Centres of the bins: a hundred, or one for every twenty examples if they are few."""
        return metrics.bin_centres(self.features, min(100, max(2, len(self.features) // 20)))

    def radii(self, num_neighbours: int) -> np.ndarray:
        """Squared radii of the balls around the real examples."""
        if num_neighbours not in self._radii:
            self._radii[num_neighbours] = metrics.squared_radii(self.features, num_neighbours)
        return self._radii[num_neighbours]


class Judged(NamedTuple):
    """Examples to be scored.

    Attributes:
      examples: as drawn.
      extracted: what the extractor makes of them.
    """

    examples: np.ndarray
    extracted: Extracted


Scores = dict[str, float | int]


def _frechet(reference: Reference, judged: Judged) -> Scores:
    distance = metrics.frechet_distance(reference.features, judged.extracted.features)
    return {"frechet_distance": distance}


def _kernel(reference: Reference, judged: Judged) -> Scores:
    found = metrics.kernel_distance(reference.features, judged.extracted.features)
    return {
        "kernel_distance": found.value,
        "kernel_distance_standard_error": found.standard_error,
    }


def _precision_recall(reference: Reference, judged: Judged) -> Scores:
    return metrics.precision_recall(
        reference.features, judged.extracted.features, 3, real_radii=reference.radii(3)
    )._asdict()


def _density_coverage(reference: Reference, judged: Judged) -> Scores:
    return metrics.density_coverage(
        reference.features, judged.extracted.features, 5, real_radii=reference.radii(5)
    )._asdict()


def _bins(reference: Reference, judged: Judged) -> Scores:
    found = metrics.different_bins(reference.features, judged.extracted.features, reference.centres)
    return {
        "different_bins": found.different,
        "num_bins": found.num_bins,
        "bins_divergence": found.divergence,
    }


def _inception_style(reference: Reference, judged: Judged) -> Scores:
    found = metrics.inception_score(np.asarray(judged.extracted.probabilities))
    return {
        "inception_style_score": found.value,
        "inception_style_score_deviation": found.deviation,
    }


def _classes(reference: Reference, judged: Judged) -> Scores:
    predicted = np.asarray(judged.extracted.probabilities).argmax(axis=1)
    found = metrics.class_coverage(predicted, reference.extractor.num_classes or 0)
    return {
        "classes_covered": found.reached,
        "num_classes": found.num_classes,
        "class_entropy": found.entropy,
    }


def _modes(reference: Reference, judged: Judged) -> Scores:
    modes = reference.data.modes
    assert modes is not None
    # Within three standard deviations of a centre lie 98.9 % of a planar mode's points.
    found = metrics.mode_coverage(judged.examples, modes.centers, 3 * modes.std)
    return {
        "modes_covered": found.reached,
        "num_modes": found.num_modes,
        "high_quality_share": found.close_share,
    }


METRICS: Mapping[str, Callable[[Reference, Judged], Scores]] = MappingProxyType(
    {
        "frechet": _frechet,
        "kernel": _kernel,
        "precision_recall": _precision_recall,
        "density_coverage": _density_coverage,
        "bins": _bins,
        "inception_style": _inception_style,
        "classes": _classes,
        "modes": _modes,
    }
)
"""Name on the command line -> the scores that it computes, by name."""


def choose(
    names: Sequence[str] | None, data: data_lib.Data, extractor: Extractor
) -> tuple[str, ...]:
    """Returns the names of the metrics to compute, by default all that can be.

    Raises:
      ConfigError: a name is not known, or the data or the extractor do not allow it.
    """
    has_classes = extractor.num_classes is not None
    missing = {
        "modes": "" if data.modes else "data with known modes",
        "classes": "" if has_classes else "the extractor classifier",
        "inception_style": ""
        if has_classes or extractor.name == "inception"
        else "the extractor classifier or inception",
    }
    for name in names or ():
        check_name("metrics", name, METRICS)
        if missing.get(name):
            raise ConfigError(
                f"metrics={name} needs {missing[name]}, here it is {extractor.name} on "
                f"{data.name}; leave it out"
            )
    return tuple(n for n in METRICS if (n in names if names else not missing.get(n)))
