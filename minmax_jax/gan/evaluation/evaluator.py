"""Judging samples: one extractor, the metrics asked for, and held-out data as a yardstick."""

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minmax_jax.gan import data as data_lib
from minmax_jax.gan.base import cache
from minmax_jax.gan.base.limits import MIN_SAMPLES
from minmax_jax.gan.evaluation import features, scores

REFERENCE = 10_000
"""At most so many real examples stand for the data: the first ones of the training set."""


class Judge:
    """Scores samples of one data set with one extractor.

    What concerns the real examples alone is computed once: use one judge for many samples.

    Args:
      data: the data that the samples imitate.
      extractor: in whose features.
      metrics: names of `scores.METRICS`; None takes all that data and extractor allow.
      num_reference: at most so many training examples stand for the data, `REFERENCE` if None.
      note: called with one line if something cannot be measured.

    Raises:
      ConfigError: a metric is not known or does not suit.
    """

    def __init__(
        self,
        data: data_lib.Data,
        extractor: features.Extractor,
        metrics: Sequence[str] | None = None,
        *,
        num_reference: int | None = None,
        note: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._metrics = scores.choose(metrics, data, extractor)
        self._data, self._extractor, self._note = data, extractor, note
        self._num_reference = min(num_reference or REFERENCE, len(data.images))
        self._reference: scores.Reference | None = None
        self._yardsticks: dict[int, scores.Scores] = {}

    def __call__(self, samples: np.ndarray) -> dict[str, Any]:
        """Returns the scores of samples, of float32 `(n, *sample_shape)`, images in −1…1.

        Returns:
          `extractor` and `facts`; `num_samples` and their `scores` by name;
          `num_reference`; `num_held_out` and the scores `held_out` that as many real examples
          have that no network saw, or all that there are. A score that cannot be had is left
          out; `not_finite` counts samples that are not finite, for which there are no others.
        """
        held_out = self._data.test_images[: len(samples)]
        if len(held_out) not in self._yardsticks:
            found = self._scores(held_out, "held-out examples", self._extract_real)
            self._yardsticks[len(held_out)] = found
        return {
            "extractor": self._extractor.name,
            "facts": dict(self._extractor.facts),
            "num_samples": len(samples),
            "num_reference": self._num_reference,
            "num_held_out": len(held_out),
            "scores": self._scores(samples, "samples", self._extractor.extract),
            "held_out": dict(self._yardsticks[len(held_out)]),
        }

    def _scores(
        self,
        examples: np.ndarray,
        what: str,
        extract: Callable[[np.ndarray], features.Extracted],
    ) -> scores.Scores:
        counts = {what: len(examples), "training examples": self._num_reference}
        few = [f"{count} {name}" for name, count in counts.items() if count < MIN_SAMPLES]
        if few:
            self._note(f"{self._data.name}: only {' and '.join(few)}: no scores of {what}")
            return {}
        finite = np.isfinite(examples).reshape(len(examples), -1).all(axis=1)
        extracted = None
        if finite.all():
            extracted = extract(examples)
            finite = np.isfinite(extracted.features).all(axis=1)  # huge examples overflow
        found: scores.Scores = {}
        metrics = self._metrics
        if extracted is None or not finite.all():  # a distance to them has no value
            broken = int((~finite).sum())
            self._note(f"{broken} of {len(examples)} {what} are not finite: no distances")
            found["not_finite"] = broken
            extracted = features.Extracted(np.zeros((0, 0), np.float32))
            metrics = tuple(name for name in metrics if name == "modes")
        for name in metrics:
            judged = scores.Judged(examples, extracted)
            found.update(scores.METRICS[name](self._real(), judged))
        return found

    def _real(self) -> scores.Reference:
        if self._reference is None:
            extracted = self._extract_real(self._data.images[: self._num_reference])
            self._reference = scores.Reference(self._data, self._extractor, extracted)
        return self._reference

    def _extract_real(self, images: np.ndarray) -> features.Extracted:
        """Extracts, or reads what was kept where an extractor is slow."""
        if self._extractor.key is None:
            return self._extractor.extract(images)
        digest = hashlib.sha256(f"{images.shape}".encode() + images.tobytes()).hexdigest()[:24]
        entry = f"{self._extractor.key}-{digest}"
        stored = cache.load_arrays(entry)
        if stored is None:
            made = self._extractor.extract(images)
            cache.save_arrays(entry, **made._asdict())
            return made
        return features.Extracted(**stored)
