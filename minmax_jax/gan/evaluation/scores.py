"""Registry of metrics, with their requirements and scores."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from minmax_jax.gan.base.errors import ConfigError, check_name
from minmax_jax.gan.base.registry import Registry
from minmax_jax.gan.data import Data
from minmax_jax.gan.evaluation import metrics
from minmax_jax.gan.evaluation.features import Extractor
from minmax_jax.gan.evaluation.reference import Reference, Samples

Scores = dict[str, float | int]
"""Values by score name. Each metric computes one or several scores."""


def _nothing_missing(data: Data, extractor: Extractor) -> str:
    return ""


class Metric(NamedTuple):
    """Entry of `METRICS`.

    Attributes:
      compute: Computes the scores of samples, given the real examples.
      missing: Returns the requirement that the dataset or the extractor does not
        meet, or "" if the metric can be computed.
      needs_features: Whether the metric uses features. Metrics that do are skipped
        if samples are not finite.
    """

    compute: Callable[[Reference, Samples], Scores]
    missing: Callable[[Data, Extractor], str] = _nothing_missing
    needs_features: bool = True


def _frechet(reference: Reference, samples: Samples) -> Scores:
    distance = metrics.frechet_distance(reference.features, samples.extracted.features)
    return {"frechet_distance": distance}


def _kernel(reference: Reference, samples: Samples) -> Scores:
    found = metrics.kernel_distance(reference.features, samples.extracted.features)
    return {
        "kernel_distance": found.value,
        "kernel_distance_standard_error": found.standard_error,
    }


def _precision_recall(reference: Reference, samples: Samples) -> Scores:
    return metrics.precision_recall(
        reference.features, samples.extracted.features, 3, real_radii=reference.radii(3)
    )._asdict()


def _density_coverage(reference: Reference, samples: Samples) -> Scores:
    return metrics.density_coverage(
        reference.features, samples.extracted.features, 5, real_radii=reference.radii(5)
    )._asdict()


def _bins(reference: Reference, samples: Samples) -> Scores:
    found = metrics.different_bins(
        reference.features, samples.extracted.features, reference.centers
    )
    return {
        "different_bins": found.different,
        "num_bins": found.num_bins,
        "bins_divergence": found.divergence,
    }


def _inception_style(reference: Reference, samples: Samples) -> Scores:
    found = metrics.inception_score(np.asarray(samples.extracted.probabilities))
    return {
        "inception_style_score": found.value,
        "inception_style_score_deviation": found.deviation,
    }


def _classes(reference: Reference, samples: Samples) -> Scores:
    predicted = np.asarray(samples.extracted.probabilities).argmax(axis=1)
    found = metrics.class_coverage(predicted, reference.extractor.num_classes or 0)
    return {
        "classes_covered": found.covered,
        "num_classes": found.num_classes,
        "class_entropy": found.entropy,
    }


def _modes(reference: Reference, samples: Samples) -> Scores:
    modes = reference.data.modes
    if modes is None:
        raise ConfigError(f"metrics=modes needs data with known modes, got {reference.data.name}.")
    # 98.9 % of the points of a planar mode lie within three standard deviations of its center.
    found = metrics.mode_coverage(samples.examples, modes.centers, 3 * modes.std)
    return {
        "modes_covered": found.covered,
        "num_modes": found.num_modes,
        "high_quality_share": found.close_share,
    }


def _needs_classes(data: Data, extractor: Extractor) -> str:
    return "" if extractor.num_classes is not None else "the extractor classifier"


def _needs_probabilities(data: Data, extractor: Extractor) -> str:
    if extractor.num_classes is not None or extractor.name == "inception":
        return ""
    return "the extractor classifier or inception"


def _needs_modes(data: Data, extractor: Extractor) -> str:
    return "" if data.modes else "data with known modes"


METRICS: Registry[Metric] = Registry(
    "metric",
    {
        "frechet": Metric(_frechet),
        "kernel": Metric(_kernel),
        "precision_recall": Metric(_precision_recall),
        "density_coverage": Metric(_density_coverage),
        "bins": Metric(_bins),
        "inception_style": Metric(_inception_style, _needs_probabilities),
        "classes": Metric(_classes, _needs_classes),
        "modes": Metric(_modes, _needs_modes, needs_features=False),
    },
)
"""Maps the name of a metric to the function that computes its scores."""


def choose(names: Sequence[str] | None, data: Data, extractor: Extractor) -> tuple[str, ...]:
    """Returns the names of the metrics to compute, in the order of the registry.

    Args:
      names: Names in `METRICS`. Default: all metrics that the data and the
        extractor allow.
      data: Dataset.
      extractor: Feature extractor.

    Raises:
      ConfigError: If a name is unknown, or the data or the extractor do not allow
        the metric.
    """
    if not names:
        return tuple(
            name for name, metric in METRICS.items() if not metric.missing(data, extractor)
        )
    for name in names:
        check_name("metrics", name, METRICS)
        missing = METRICS[name].missing(data, extractor)
        if missing:
            raise ConfigError(
                f"metrics={name} needs {missing}, got {extractor.name} on {data.name}. Omit it."
            )
    return tuple(name for name in METRICS if name in names)
