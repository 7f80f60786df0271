"""Scores of each class of a class-conditional generator."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from minmax_jax.gan.base.limits import MIN_SAMPLES
from minmax_jax.gan.evaluation import scores
from minmax_jax.gan.evaluation.reference import Reference, Samples


def scores_of_classes(
    metrics: Sequence[str], reference: Reference, samples: Samples
) -> list[dict[str, Any]]:
    """Computes the scores of the samples of each class against the real examples of that class.

    The Fréchet distance of a class is also called intra-FID. Scores of fewer samples are worse,
    so compare them among classes and with equal counts only.

    Args:
      metrics: Names in `scores.METRICS`. Those that say nothing about one class are left out.
      reference: Real examples with labels.
      samples: Samples with the classes that the generator was asked for.

    Returns:
      One entry per class: `class`, `num_samples`, `num_reference`, and its scores by name. Scores
      are left out if there are fewer than 20 samples or real examples.

    Reference:
      Miyato, Koyama, "cGANs with projection discriminator", ICLR 2018, section 4.1 (intra-FID).
    """
    requested, real = np.asarray(samples.labels), np.asarray(reference.labels)
    used = [name for name in metrics if scores.METRICS[name].per_class]
    found = []
    for label in range(reference.data.num_classes or 0):
        own = samples.take(np.flatnonzero(requested == label))
        counts = {"num_samples": len(own.examples), "num_reference": int((real == label).sum())}
        entry: dict[str, Any] = {"class": label, **counts}
        if min(counts.values()) >= MIN_SAMPLES:
            same = reference.of_class(label)
            for name in used:
                entry.update(scores.compute(name, same, own))
        found.append(entry)
    return found
