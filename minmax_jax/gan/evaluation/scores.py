"""Registry of metrics, with their requirements and scores."""

from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

import numpy as np

from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.base.registry import Registry
from minmax_jax.gan.data import Data
from minmax_jax.gan.evaluation import metrics
from minmax_jax.gan.evaluation.features import Extractor
from minmax_jax.gan.evaluation.reference import Reference, Samples

Scores = dict[str, float | int]
"""Values by score name. Each metric computes one or several scores."""

Better = Literal["lower", "higher"]
"""The better direction of a score."""

LOWER: Better = "lower"
HIGHER: Better = "higher"

NOT_FINITE = "not_finite"
"""Number of samples that are not finite, a score that does not belong to a metric."""


def _nothing_missing(data: Data, extractor: Extractor) -> str:
    return ""


class Metric(NamedTuple):
    """Entry of `METRICS`.

    Attributes:
      compute: Computes the scores of samples, given the real examples.
      scores: Maps the name of each score to its better direction, `"lower"` or
        `"higher"`. None marks a value that describes a score, such as a standard
        error or a total.
      missing: Returns the requirement that the dataset or the extractor does not
        meet, or "" if the metric can be computed.
      needs_features: Whether the metric uses features. Metrics that do are skipped
        if samples are not finite.
      per_class: Whether the metric can compare the samples of one class with the real
        examples of that class.
    """

    compute: Callable[[Reference, Samples], Scores]
    scores: Mapping[str, Better | None]
    missing: Callable[[Data, Extractor], str] = _nothing_missing
    needs_features: bool = True
    per_class: bool = False


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


def _class_accuracy(reference: Reference, samples: Samples) -> Scores:
    if samples.labels is None:
        return {}
    predicted = np.asarray(samples.extracted.probabilities).argmax(axis=1)
    return {"class_accuracy": float((predicted == samples.labels).mean())}


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
        "frechet": Metric(_frechet, {"frechet_distance": LOWER}, per_class=True),
        "kernel": Metric(
            _kernel,
            {"kernel_distance": LOWER, "kernel_distance_standard_error": None},
            per_class=True,
        ),
        "precision_recall": Metric(
            _precision_recall, {"precision": HIGHER, "recall": HIGHER}, per_class=True
        ),
        "density_coverage": Metric(
            _density_coverage, {"density": HIGHER, "coverage": HIGHER}, per_class=True
        ),
        "bins": Metric(
            _bins, {"different_bins": LOWER, "num_bins": None, "bins_divergence": LOWER}
        ),
        "inception_style": Metric(
            _inception_style,
            {"inception_style_score": HIGHER, "inception_style_score_deviation": None},
            _needs_probabilities,
        ),
        "classes": Metric(
            _classes,
            {"classes_covered": HIGHER, "num_classes": None, "class_entropy": HIGHER},
            _needs_classes,
        ),
        # Share of samples that the classifier recognizes as the class they were drawn for.
        "class_accuracy": Metric(
            _class_accuracy, {"class_accuracy": HIGHER}, _needs_classes, per_class=True
        ),
        "modes": Metric(
            _modes,
            {"modes_covered": HIGHER, "num_modes": None, "high_quality_share": HIGHER},
            _needs_modes,
            needs_features=False,
        ),
    },
)
"""Maps the name of a metric to the function that computes its scores."""


def compute(name: str, reference: Reference, samples: Samples) -> Scores:
    """Computes the scores of a metric.

    Raises:
      ConfigError: If the metric returns a score that its entry does not declare.
    """
    metric = METRICS[name]
    found = metric.compute(reference, samples)
    unknown = [score for score in found if score not in metric.scores]
    if unknown:
        raise ConfigError(
            f"metric {name!r} must compute only scores that its entry declares, got "
            f"{unknown[0]!r}. Add {unknown[0]!r} to `scores` of the entry."
        )
    return found


def directions() -> dict[str, Better]:
    """Returns the better direction of every score; values without direction are left out."""
    known: dict[str, Better] = {NOT_FINITE: LOWER}
    for metric in METRICS.values():
        known |= {name: better for name, better in metric.scores.items() if better}
    return known
