"""Chooses and checks metrics and extractors before anything is trained."""

from collections.abc import Sequence

from minmax_jax.gan.base.errors import ConfigError, check_name
from minmax_jax.gan.data import Data
from minmax_jax.gan.evaluation import features
from minmax_jax.gan.evaluation.features import Extractor
from minmax_jax.gan.evaluation.scores import METRICS

INCEPTION_WORDS = {
    "fid": "frechet",
    "kid": "kernel",
    "is": "inception_style",
    "inception_score": "inception_style",
}
"""Names from the literature that mean a metric in Inception features."""

_TITLES = {
    "frechet": "the Fréchet distance",
    "kernel": "the kernel distance",
    "inception_style": "the inception-style score",
}


def word(name: str) -> str:
    """Returns a name in the spelling of `INCEPTION_WORDS`, such as `inception_score`."""
    return name.lower().replace("-", "_").replace(" ", "_")


def meaning(name: str) -> str:
    """Returns the meaning of one of `INCEPTION_WORDS`, for messages.

    Example:
      >>> meaning("FID")
      'FID means the Fréchet distance in Inception features'
    """
    return f"{name} means {_TITLES[INCEPTION_WORDS[word(name)]]} in Inception features"


def resolve(
    extractors: Sequence[str], metrics: Sequence[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Returns the names of the extractors and the metrics, with known words replaced.

    `fid` becomes the metric `frechet` with the extractor `inception`, and `fd` becomes
    `frechet`. The names are not checked against data; see `check`.

    Args:
      extractors: Names in `features.EXTRACTORS`. If empty, the default extractor is meant.
      metrics: Names in `METRICS`, or known words. If empty, all possible metrics are meant.

    Raises:
      ConfigError: If a name is unknown, or a word needs another extractor.
    """
    for field, names in (("extractors", extractors), ("metrics", metrics)):
        if isinstance(names, str):
            raise ConfigError(f"{field} must be a list of names, got {names!r}. Write [{names!r}].")
    for name in extractors:
        if word(name) in INCEPTION_WORDS:
            metric = INCEPTION_WORDS[word(name)]
            raise ConfigError(
                f"extractors={name} is not an extractor: {meaning(name)}. Use extractors=inception "
                f"and metrics={metric}."
            )
        check_name("extractors", name, features.EXTRACTORS)
    found = tuple(_metric(name, extractors) for name in metrics)
    if not extractors and any(word(name) in INCEPTION_WORDS for name in metrics):
        extractors = ("inception",)
    return tuple(dict.fromkeys(extractors)), tuple(dict.fromkeys(found))


def _metric(name: str, extractors: Sequence[str]) -> str:
    """Returns the metric of a name or of a known word."""
    if name in METRICS:
        return name
    if word(name) in INCEPTION_WORDS:
        metric = INCEPTION_WORDS[word(name)]
        others = [extractor for extractor in extractors if extractor != "inception"]
        if others:
            raise ConfigError(
                f"metrics={name}: {meaning(name)}, got extractors={others[0]}. Use "
                f"extractors=inception, or write metrics={metric} for {_TITLES[metric]} in the "
                f"features of {others[0]}."
            )
        return metric
    if word(name) == "fd":
        return "frechet"
    check_name("metrics", name, [*METRICS, *INCEPTION_WORDS])
    return name


def check(
    extractors: Sequence[str],
    metrics: Sequence[str],
    data: Data,
    inception_weights: str | None = None,
) -> None:
    """Checks that each extractor can be built for the data and allows each metric.

    No extractor is built. If the registry entry of an extractor does not say whether it has
    classes (`has_classes=None`), the metrics are not checked here: `choose` checks them with
    the extractor that was built.

    Args:
      extractors: Names in `features.EXTRACTORS`.
      metrics: Names in `METRICS`. If empty, all metrics that the data and the extractor
        allow are meant.
      data: Dataset.
      inception_weights: File of weights for the extractor `inception`. Default: the
        published weights, as `convert_inception` stored them.

    Raises:
      ConfigError: If a name is unknown, an extractor does not support the data, weights are
        missing or are given without `inception`, or an extractor or the data do not allow a
        metric.
      DataError: If the extractor `classifier` cannot be trained on the data.
    """
    if inception_weights is not None and "inception" not in extractors:
        raise ConfigError(
            f"inception_weights={inception_weights} is for the extractor inception, got "
            f"extractors={' '.join(extractors)}. Add inception, or omit the weights."
        )
    for name in extractors:
        features.check(name, data, inception_weights=inception_weights)
        outline = features.outline(name, data)
        if outline is not None:
            choose(metrics, data, outline)


def choose(names: Sequence[str] | None, data: Data, extractor: Extractor) -> tuple[str, ...]:
    """Returns the names of the metrics to compute, in the order of the registry.

    Args:
      names: Names in `METRICS`. If empty or None, all metrics that the data and the
        extractor allow are chosen.
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
