"""Computes evaluation metrics for samples and, as a baseline, for held-out data."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from minmax_jax.gan.base import cache
from minmax_jax.gan.base.limits import MIN_SAMPLES
from minmax_jax.gan.base.messages import Note, ignore_note
from minmax_jax.gan.data import Data, row_order
from minmax_jax.gan.data.dataset import LazyExamples
from minmax_jax.gan.evaluation import choice, features, scores
from minmax_jax.gan.evaluation.per_class import scores_of_classes
from minmax_jax.gan.evaluation.reference import Reference, Samples

REFERENCE = 10_000
"""Default maximum number of training examples in the reference.

The time of the neighbor metrics grows with its square (measured in docs/metrics.md). More
examples hardly change a score, because its error comes from the smaller set, the samples."""

_READ_AT_ONCE = 2**26
"""Size of the streamed examples that are decoded at once, in bytes."""


class _Extracted(NamedTuple):
    """Examples with their features, and which of them are finite, bool `(n,)`."""

    samples: Samples
    finite: np.ndarray

    def take(self, rows: np.ndarray) -> "_Extracted":
        """Returns some of the examples."""
        return _Extracted(self.samples.take(rows), self.finite[rows])


class SampleEvaluator:
    """Evaluates generated samples against one dataset, with one feature extractor.

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
        self._metrics = choice.choose(metrics, data, extractor)
        self._data, self._extractor, self._note = data, extractor, note
        self._num_reference = min(num_reference or REFERENCE, len(data.images))
        self._reference: Reference | None = None
        self._baselines: dict[tuple[int, bool], scores.Scores] = {}

    def __call__(
        self, samples: np.ndarray, labels: np.ndarray | None = None, *, per_class: bool = False
    ) -> dict[str, Any]:
        """Computes the scores of samples.

        The reference is a random sample of the training examples, stratified by class, or
        all of them if they are few. The order of training examples and held-out examples does
        not change a score. Another order of the samples changes only scores of random subsets,
        within their errors.

        Args:
          samples: float32 `(n, *sample_shape)`, images in −1…1.
          labels: Classes that the generator was asked for, `(n,)`, or None.
          per_class: Whether to also compute scores for each class separately. Needs labels.

        Returns:
          `extractor` and its `facts`; `protocol`, which describes in words the settings that
          must be equal if scores are compared; `num_samples` and their `scores` by name; the better
          direction of each score, `better`; `num_reference` of `num_training` examples;
          `num_held_out` and their scores `held_out`. The held-out baseline uses as many
          examples as there are samples. If fewer are held out, it uses all of them, and
          `scores_at_equal_count` contains the scores of as many samples. Scores that
          cannot be computed are left out. If samples or their features are not finite,
          `scores` contains the number of such samples, `not_finite`, and no scores that
          need features. `per_class` is a list with the scores of each class, see
          `per_class.scores_of_classes`.
        """
        ordered = self._extract("samples", samples, self._extractor.extract, labels)
        found = self._scores("samples", ordered, self._note)
        num_held_out = min(len(self._data.test_images), len(samples))
        held_out = self._score_held_out(num_held_out, labels is not None)
        record = {
            "extractor": self._extractor.name,
            "facts": dict(self._extractor.facts),
            "protocol": self._protocol(ordered, len(samples)),
            "num_samples": len(samples),
            "num_reference": self._num_reference,
            "num_training": len(self._data.images),
            "num_held_out": num_held_out,
            "better": {k: v for k, v in scores.directions().items() if k in found},
            "scores": found,
            "held_out": dict(held_out),
        }
        if ordered and held_out and num_held_out < len(samples):
            some = ordered.take(row_order.stratified_rows(num_held_out, len(samples)))
            record["scores_at_equal_count"] = self._scores("samples", some, ignore_note)
        if per_class and labels is not None and ordered and ordered.finite.all():
            record["per_class"] = scores_of_classes(self._metrics, self._real(), ordered.samples)
        return record

    def _protocol(self, found: _Extracted | None, num_samples: int) -> dict[str, str]:
        """Returns the features, the resizing, the number of samples and the reference in words."""
        name, total = self._data.name, len(self._data.images)
        features_name = features.describe(self._extractor.name, self._extractor.facts)
        size = found.samples.extracted.features.shape[1] if found else 0
        reference = f"{total} training examples of {name}"
        if self._num_reference < total:
            chosen = "at random" if self._data.labels is None else "in proportion to the classes"
            reference = f"{self._num_reference} of {reference}, {chosen}"
        return {
            "features": f"{size} features of {features_name}" if size else features_name,
            "resizing": self._extractor.resizing,
            "samples": f"{num_samples} samples",
            "reference": reference,
        }

    def _score_held_out(self, count: int, labeled: bool) -> scores.Scores:
        """Returns the scores of `count` held-out examples, and keeps them for later calls.

        `labeled` says whether the samples have labels. The labels of the held-out examples are
        used only in this case, so that the same metrics are computed for both sets.
        """
        if (count, labeled) not in self._baselines:
            name, images = "held-out examples", self._data.test_images
            # Independent draws, as a perfect generator would make them: not stratified by class.
            rows = row_order.sample_rows(images, None, count)
            classes = self._data.test_labels
            labels = classes[rows] if labeled and classes is not None else None
            ordered = self._extract(name, images[rows], self._extract_real, labels)
            self._baselines[count, labeled] = self._scores(name, ordered, self._note)
        return self._baselines[count, labeled]

    def _extract(
        self,
        name: str,
        examples: np.ndarray,
        extract: Callable[[np.ndarray], features.Extracted],
        labels: np.ndarray | None = None,
    ) -> _Extracted | None:
        """Extracts features, or returns None if there are too few examples."""
        counts = {name: len(examples), "training examples": self._num_reference}
        few = [f"{count} {which}" for which, count in counts.items() if count < MIN_SAMPLES]
        if few:
            self._note(f"{self._data.name}: only {' and '.join(few)}, so {name} are not scored")
            return None
        found = _extract_finite(examples, extract)
        return found._replace(samples=found.samples._replace(labels=labels))

    def _scores(self, name: str, found: _Extracted | None, note: Note) -> scores.Scores:
        """Computes the scores of samples or held-out examples.

        Args:
          name: Name of the examples, for messages.
          found: Features of the examples, or None for no scores.
          note: Called with messages for the user.
        """
        if found is None:
            return {}
        computed: scores.Scores = {}
        metrics = self._metrics
        broken = int((~found.finite).sum())
        if broken:
            note(
                f"{broken} of {len(found.finite)} {name}, or their features, are not finite, so no "
                "scores that need features are computed"
            )
            computed[scores.NOT_FINITE] = broken
        if broken or not len(found.samples.extracted.features):
            metrics = tuple(m for m in metrics if not scores.METRICS[m].needs_features)
        for metric in metrics:
            computed.update(scores.compute(metric, self._real(), found.samples))
        return computed

    def _real(self) -> Reference:
        """Returns the reference, which is computed on the first call."""
        if self._reference is None:
            images, labels = self._data.images, self._data.labels
            rows = row_order.sample_rows(images, labels, self._num_reference)
            if self._data.is_streamed:
                extracted = self._extract_streamed(images, rows)
            else:
                extracted = self._extract_real(images[rows])
            classes = None if labels is None else labels[rows]
            self._reference = Reference(self._data, self._extractor, extracted, classes)
        return self._reference

    def _extract_real(self, images: np.ndarray) -> features.Extracted:
        """Extracts features of real images, through the cache if the extractor has a key."""
        content = f"{images.shape}".encode(), np.ascontiguousarray(images).data
        return self._cached(content, lambda: self._extractor.extract(images))

    def _extract_streamed(self, images: LazyExamples, rows: np.ndarray) -> features.Extracted:
        """Extracts features of streamed examples, of which few are in memory at any time."""
        size = int(np.prod(images.shape[1:])) * np.dtype(images.dtype).itemsize
        count = max(1, _READ_AT_ONCE // size)

        def extract() -> features.Extracted:
            starts = range(0, len(rows), count)
            parts = [self._extractor.extract(images[rows[i : i + count]]) for i in starts]
            found, probabilities = zip(*parts, strict=True)
            has_classes = probabilities[0] is not None
            return features.Extracted(
                np.concatenate(found), np.concatenate(probabilities) if has_classes else None
            )

        about = f"streamed {images.identity} {images.shape}".encode()
        return self._cached((about, rows.astype("<i8").data), extract)

    def _cached(
        self, content: Iterable[Any], extract: Callable[[], features.Extracted]
    ) -> features.Extracted:
        """Returns stored features of the examples with this content, or extracts and stores them.

        If the extractor has no cache key, they are always extracted.
        """
        if self._extractor.key is None:
            return extract()
        digest = hashlib.sha256()
        for part in content:
            digest.update(part)
        entry = f"{self._extractor.key}-{digest.hexdigest()[:24]}"
        stored = cache.load_arrays(entry)
        if stored is not None:
            return features.Extracted(**stored)
        extracted = extract()
        cache.save_arrays(entry, **extracted._asdict())
        return extracted


def _extract_finite(
    examples: np.ndarray, extract: Callable[[np.ndarray], features.Extracted]
) -> _Extracted:
    """Extracts features and finds the examples that are not finite.

    If any example or feature is not finite, the features are empty. Features can
    overflow although the examples are finite.
    """
    finite = np.asarray(np.isfinite(examples).reshape(len(examples), -1).all(axis=1))
    if finite.all():
        extracted = extract(examples)
        finite = np.asarray(np.isfinite(extracted.features).all(axis=1))
        if finite.all():
            return _Extracted(Samples(examples, extracted), finite)
    nothing = features.Extracted(np.zeros((0, 0), np.float32))
    return _Extracted(Samples(examples, nothing), finite)
