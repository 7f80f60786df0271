"""Metrics by which checkpoints and runs are ranked: their names and directions."""

import math

from minmax_jax.gan.base.errors import ConfigError, check_name
from minmax_jax.gan.config.config import Config
from minmax_jax.gan.config.run import Best, parse_best
from minmax_jax.gan.data import Data
from minmax_jax.gan.evaluation import choice, features, scores
from minmax_jax.gan.run import metrics_log

TRAINING_METRICS = (*metrics_log.NAMES, "steps_per_second", "seconds")
"""Names of the metrics that training logs without evaluations."""


def parse(text: str, field: str) -> Best | None:
    """Parses `METRIC`, `METRIC:min` or `METRIC:max`; returns None for an empty string.

    For `METRIC` alone, the direction is the one in which the score improves. For a training
    metric such as `loss_min`, lower is better.

    Args:
      text: String to parse.
      field: Name of the field that contains it, for error messages.

    Raises:
      ConfigError: If the string has another form, or the metric is unknown.

    Example:
      >>> parse("precision", "score"), parse("frechet_distance", "score")
      (Best(name='precision', highest=True), Best(name='frechet_distance', highest=False))
    """
    higher = [name for name, better in scores.directions().items() if better == scores.HIGHER]
    best = parse_best(text, field, higher)
    if best is not None:
        _check_known(best.name, field)
    return best


def check_extractor(config: Config, data: Data | None = None) -> None:
    """Checks the extractor of the evaluations of a run.

    Args:
      config: Configuration of the run.
      data: Dataset of the run. Default: only the name is checked.

    Raises:
      ConfigError: If the name is unknown, the extractor does not support the data, or its
        weights are missing.
      DataError: If the extractor is `classifier`, and cannot be trained on the data.
    """
    name = config.evaluation.extractor
    if not name:
        return
    check_name("evaluate_extractor", name, features.EXTRACTORS)
    if data is not None and config.evaluation.num_samples:
        features.check(name, data)


def check_keep_best(config: Config, data: Data | None = None) -> None:
    """Checks the extractor, and the metric of `keep_best`, by which checkpoints are compared.

    Args:
      config: Configuration of the run.
      data: Dataset of the run. Default: only the names and the schedule are checked.

    Raises:
      ConfigError: If the metric or the extractor is unknown or cannot be used with the data.
        For a score, also if no step before the last one has both an evaluation and a
        checkpoint.
    """
    check_extractor(config, data)
    best = parse(config.run.keep_best, "keep_best")
    if best is None or not is_score(best):
        return
    if data is not None:
        check_available(best, "keep_best", data, config.evaluation.extractor)
    every, save_every = config.evaluation.every, config.run.checkpoint_every
    if not every:
        raise ConfigError(
            f"keep_best={best.name} is a score of evaluations, and evaluate_every is 0. Set "
            f"evaluate_every, for example to the value of checkpoint_every, {save_every}."
        )
    if math.lcm(every, save_every) >= config.training.steps:
        raise ConfigError(
            f"keep_best={best.name}: no step before the last one, {config.training.steps}, has "
            f"both an evaluation (evaluate_every={every}) and a checkpoint "
            f"(checkpoint_every={save_every}). Set both to the same lower number."
        )


def is_score(best: Best) -> bool:
    """Returns whether a metric is a score of evaluations, not a training metric."""
    return best.name not in TRAINING_METRICS


def check_available(best: Best, field: str, data: Data, extractor: str = "") -> None:
    """Checks that the extractor of the evaluations allows a score.

    Args:
      best: Score.
      field: Name of the field that contains it, for error messages.
      data: Dataset.
      extractor: Name of the extractor. Default: the default extractor of the data.

    Raises:
      ConfigError: If not.
    """
    outline = features.outline(extractor or features.default(data), data)
    metric = next((m for m in scores.METRICS.values() if best.name in m.scores), None)
    if outline is None or metric is None:
        return
    missing = metric.missing(data, outline)
    if missing:
        raise ConfigError(
            f"{field}={best.name} needs {missing}, and {data.name} is evaluated by {outline.name}. "
            "Choose another metric, such as frechet_distance."
        )


def _check_known(name: str, field: str) -> None:
    """Raises `ConfigError` if neither training nor an evaluation has a metric."""
    if name in TRAINING_METRICS:
        return
    if choice.word(name) in choice.INCEPTION_WORDS:
        metric = choice.INCEPTION_WORDS[choice.word(name)]
        score = next(iter(scores.METRICS[metric].scores))
        raise ConfigError(
            f"{field}={name}: {choice.meaning(name)}. Use {field}={score} with "
            "evaluate_extractor=inception."
        )
    if name in scores.METRICS:
        own = [score for score, better in scores.METRICS[name].scores.items() if better]
        raise ConfigError(f"{field}={name} is a metric. Choose its score {' or '.join(own)}.")
    check_name(field, name, [*TRAINING_METRICS, *scores.directions()])
