"""Computes evaluation metrics for samples and, as a baseline, for held-out data."""

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minmax_jax.gan.base import cache
from minmax_jax.gan.base.limits import MIN_SAMPLES
from minmax_jax.gan.base.messages import Note, ignore_note
from minmax_jax.gan.data import Data
from minmax_jax.gan.evaluation import features, scores
from minmax_jax.gan.evaluation.reference import Reference, Samples

REFERENCE = 10_000
"""Default maximum number of training examples in the reference, taken from the start."""


class SampleEvaluator:
    """Evaluates samples of one dataset with one extractor.

    Quantities that depend only on the real examples are computed once, so use one
    evaluator for many sets of samples.

    Args:
      data: Dataset that the samples imitate.
      extractor: Feature extractor.
      metrics: Names in `scores.METRICS`. Default: all metrics that the data and
        the extractor allow.
      num_reference: Maximum number of training examples to compare with. Default:
        `REFERENCE`.
      note: Called with one line if something cannot be measured.

    Raises:
      ConfigError: If a metric is unknown, or the data or the extractor do not allow
        it.
    """

    def __init__(
        self,
        data: Data,
        extractor: features.Extractor,
        metrics: Sequence[str] | None = None,
        *,
        num_reference: int | None = None,
        note: Note = ignore_note,
    ) -> None:
        self._metrics = scores.choose(metrics, data, extractor)
        self._data, self._extractor, self._note = data, extractor, note
        self._num_reference = min(num_reference or REFERENCE, len(data.images))
        self._reference: Reference | None = None
        self._baselines: dict[int, scores.Scores] = {}

    def __call__(self, samples: np.ndarray) -> dict[str, Any]:
        """Computes the scores of samples.

        Args:
          samples: float32 `(n, *sample_shape)`, images in −1…1.

        Returns:
          `extractor` and its `facts`; `num_samples` and their `scores` by name;
          `num_reference`; `num_held_out` and their scores `held_out`. The held-out
          baseline uses as many examples as there are samples, or all if there are
          fewer. Scores that cannot be computed are left out. If samples or their
          features are not finite, `scores` contains the number of such samples,
          `not_finite`, and no scores that need features.
        """
        held_out = self._data.test_images[: len(samples)]
        if len(held_out) not in self._baselines:
            found = self._scores(held_out, "held-out examples", self._extract_real)
            self._baselines[len(held_out)] = found
        return {
            "extractor": self._extractor.name,
            "facts": dict(self._extractor.facts),
            "num_samples": len(samples),
            "num_reference": self._num_reference,
            "num_held_out": len(held_out),
            "scores": self._scores(samples, "samples", self._extractor.extract),
            "held_out": dict(self._baselines[len(held_out)]),
        }

    def _scores(
        self,
        examples: np.ndarray,
        name: str,
        extract: Callable[[np.ndarray], features.Extracted],
    ) -> scores.Scores:
        """Computes the scores of samples or held-out examples; `name` is for messages."""
        counts = {name: len(examples), "training examples": self._num_reference}
        few = [f"{count} {which}" for which, count in counts.items() if count < MIN_SAMPLES]
        if few:
            self._note(f"{self._data.name}: only {' and '.join(few)}, so {name} are not scored")
            return {}
        extracted, broken = _extract_finite(examples, extract)
        found: scores.Scores = {}
        metrics = self._metrics
        if broken:
            self._note(
                f"{broken} of {len(examples)} {name}, or their features, are not finite, so no "
                "scores that need features are computed"
            )
            found["not_finite"] = broken
            metrics = tuple(m for m in metrics if not scores.METRICS[m].needs_features)
        for metric in metrics:
            compute = scores.METRICS[metric].compute
            found.update(compute(self._real(), Samples(examples, extracted)))
        return found

    def _real(self) -> Reference:
        """Returns the reference, which is computed on the first call."""
        if self._reference is None:
            extracted = self._extract_real(self._data.images[: self._num_reference])
            self._reference = Reference(self._data, self._extractor, extracted)
        return self._reference

    def _extract_real(self, images: np.ndarray) -> features.Extracted:
        """Extracts features of real images, through the cache if the extractor has a key."""
        if self._extractor.key is None:
            return self._extractor.extract(images)
        digest = hashlib.sha256(f"{images.shape}".encode() + images.tobytes()).hexdigest()[:24]
        entry = f"{self._extractor.key}-{digest}"
        stored = cache.load_arrays(entry)
        if stored is not None:
            return features.Extracted(**stored)
        extracted = self._extractor.extract(images)
        cache.save_arrays(entry, **extracted._asdict())
        return extracted


def _extract_finite(
    examples: np.ndarray, extract: Callable[[np.ndarray], features.Extracted]
) -> tuple[features.Extracted, int]:
    """Extracts features and counts the examples that are not finite.

    If any example or feature is not finite, the features are empty. Features can
    overflow although the examples are finite.
    """
    finite = np.isfinite(examples).reshape(len(examples), -1).all(axis=1)
    if finite.all():
        extracted = extract(examples)
        finite = np.isfinite(extracted.features).all(axis=1)
        if finite.all():
            return extracted, 0
    return features.Extracted(np.zeros((0, 0), np.float32)), int((~finite).sum())
