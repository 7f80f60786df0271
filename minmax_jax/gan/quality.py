"""The quality of samples in numbers: what the kind of data allows."""

from collections.abc import Callable
from typing import Any

import numpy as np

from minmax_jax.gan import data as data_lib
from minmax_jax.gan import features, metrics

REFERENCE = 10_000
"""At most so many real images stand for the data: the first ones of the training set."""


def measure(
    data: data_lib.Data, samples: np.ndarray, note: Callable[[str], None]
) -> dict[str, Any]:
    """Measures samples against the data they imitate.

    Gaussians: modes reached, share of samples near a mode. Labelled images: Fréchet
    distance and classes reached, in the features of a classifier trained on the same data,
    with its test accuracy, and as a yardstick the distance of held-out real images.

    Args:
      data: the data set.
      samples: float32 `(n, *sample_shape)`, images in [-1, 1].
      note: called with one line before something slow, or if nothing can be measured.

    Returns:
      Numbers by name, among them `num_samples`.
    """
    counts = {"num_samples": len(samples)}
    if data.kind == "vector":
        return {**counts, **_modes(data, samples)}
    if data.labels is None:
        note(f"{data.name} has no labels: no classifier, so no Fréchet distance")
        return counts
    return {**counts, **_images(data, samples, note)}


def _modes(data: data_lib.Data, samples: np.ndarray) -> dict[str, Any]:
    if data.modes is None:
        return {}
    # Within three standard deviations of a centre lie 98.9 % of a planar mode's points.
    coverage = metrics.mode_coverage(samples, data.modes.centres, 3 * data.modes.std)
    return {
        "modes_covered": coverage.reached,
        "num_modes": coverage.num_modes,
        "high_quality_share": coverage.close_share,
    }


def _images(
    data: data_lib.Data, samples: np.ndarray, note: Callable[[str], None]
) -> dict[str, Any]:
    classifier = features.classifier(data, note)
    reference = classifier.embed(data.images[:REFERENCE])
    held_out = classifier.embed(data.test_images[:REFERENCE])
    coverage = metrics.class_coverage(classifier.predict(samples), data.num_classes or 0)
    # Samples of a diverged generator are not finite; a distance to them has no value.
    finite = bool(np.isfinite(samples).all())
    distance = metrics.frechet_distance(classifier.embed(samples), reference) if finite else np.nan
    return {
        "frechet_distance": float(distance),
        "classes_covered": coverage.reached,
        "num_classes": coverage.num_classes,
        "classifier_accuracy": classifier.test_accuracy,
        "num_reference": len(reference),
        "frechet_distance_real": metrics.frechet_distance(held_out, reference),
        "num_real": len(held_out),
    }
