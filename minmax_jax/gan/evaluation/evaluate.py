"""Evaluates checkpoints of a run, during training or afterwards."""

import datetime
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from minmax_jax.gan import data as data_lib
from minmax_jax.gan.base.errors import ConfigError, DataError
from minmax_jax.gan.base.limits import MIN_SAMPLES
from minmax_jax.gan.base.messages import Note, print_note
from minmax_jax.gan.config import config as config_lib
from minmax_jax.gan.config.fields import AtLeast, Below
from minmax_jax.gan.evaluation import choice, evaluator, features, score_table
from minmax_jax.gan.generation import generator as generator_lib
from minmax_jax.gan.generation import labels as labels_lib
from minmax_jax.gan.generation import sampling
from minmax_jax.gan.run import evaluations, run_folder
from minmax_jax.gan.training import build
from minmax_jax.gan.training import step as step_lib


def evaluate(
    run_dir: str | Path,
    step: int | None = None,
    *,
    extractors: Sequence[str] = (),
    metrics: Sequence[str] = (),
    num_samples: int = 5000,
    num_reference: int = evaluator.REFERENCE,
    seed: int | None = None,
    data: str = "",
    inception_weights: str | None = None,
    per_class: bool = False,
    note: Note = print_note,
) -> list[dict[str, Any]]:
    """Evaluates samples of a checkpoint's generator, with averaged parameters.

    The function reads the run folder and only appends records to
    `evaluations.jsonl`, so it may be called while the run is training.

    Args:
      run_dir: Run folder.
      step: Step of the checkpoint. Default: the newest checkpoint.
      extractors: Names in `features.EXTRACTORS`. Default: the default extractor of
        the data.
      metrics: Names in `scores.METRICS`. `fid` and `kid` mean `frechet` and `kernel`
        with the extractor `inception`. Default: all metrics that the data and the
        extractor allow.
      num_samples: Number of samples, at least 20.
      num_reference: Maximum number of training examples to compare with, at least
        20.
      seed: Seed of the latents. Default: the seed of the run, which evaluations
        during training use too.
      data: Name or path of the run's data, if it has moved.
      inception_weights: File of weights for the extractor `inception`. Default: the
        published weights, as `convert_inception` stored them.
      per_class: Whether to also score each class of a conditional run separately.
      note: Called with one line before a slow operation. Default: prints to
        standard error.

    Returns:
      One record per extractor, as it was written to `evaluations.jsonl`.

    Raises:
      ConfigError: If the folder does not contain a run or the checkpoint, or an
        argument is invalid.
      DataError: If the data cannot be read, or differ from the data of the run.
    """
    for name, value in {"num_samples": num_samples, "num_reference": num_reference}.items():
        AtLeast(MIN_SAMPLES).check(name, value)
    if seed is not None:
        AtLeast(0).check("seed", seed)
        Below(2**31).check("seed", seed)
    # Check names and requirements first: building an extractor may train a classifier.
    names, metrics = choice.resolve(extractors, metrics)
    generator = generator_lib.load_generator(run_dir, step=step)
    sampling.check_sample_memory(generator, "num_samples", num_samples, num_samples)
    loaded = _load_data(generator.about, data)
    if not labels_lib.count_classes(generator.pair):
        _check_unconditional(metrics, per_class)
    names = names or (features.default(loaded),)
    choice.check(names, metrics, loaded, inception_weights)
    for line in data_lib.lines(loaded):
        note(line)
    built = [
        features.build(name, loaded, note, inception_weights=inception_weights) for name in names
    ]
    evaluators = [
        evaluator.SampleEvaluator(
            loaded, extractor, metrics, num_reference=num_reference, note=note
        )
        for extractor in built
    ]
    seed = generator.about.config.run.seed if seed is None else seed
    samples = generator_lib.draw_samples(
        generator.pair,
        generator.params,
        generator.stats,
        num_samples,
        seed=seed,
        weights=generator.class_weights,
    )
    labels = generator.labels(num_samples, seed=seed)
    labels = None if labels is None else np.asarray(labels)
    return [
        evaluations.append(
            Path(run_dir),
            {**_header(generator.step, seed), **each(samples, labels, per_class=per_class)},
        )
        for each in evaluators
    ]


def _check_unconditional(metrics: Sequence[str], per_class: bool) -> None:
    for name, chosen in (("per_class", per_class), ("class_accuracy", "class_accuracy" in metrics)):
        if chosen:
            raise ConfigError(
                f"{name} needs a generator that depends on the class, got a run without "
                "--conditional or a network that does not use labels. Omit it."
            )


def _load_data(about: run_folder.About, source: str) -> data_lib.Data:
    """Loads the data of a run, from `source` if it is not empty."""
    data = about.config.data.load(source)
    found = run_folder.describe(data, conditional=about.config.conditioning.conditional)
    ignored = run_folder.incomparable(about.data, found)
    for key in ("shape", "count", "crc32", "labels_crc32"):
        if key not in ignored and key in about.data and found[key] != about.data[key]:
            raise DataError(
                f"data={data.name} is not the data that the run was trained on (another {key}: "
                f"{about.data[key]} -> {found[key]}). Pass its data by --data."
            )
    return data


def _header(step: int, seed: int) -> dict[str, Any]:
    time = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    return {"step": step, "time": time, "seed": seed}


def _metrics_record(record: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the scores of an evaluation as a flat record for `metrics.jsonl`."""
    return {
        **{key: record[key] for key in ("step", "extractor", "num_samples")},
        "protocol": score_table.protocol(record),
        **record["scores"],
    }


def default_evaluator(
    data: data_lib.Data, note: Note, extractor: str = ""
) -> evaluator.SampleEvaluator:
    """Returns the evaluator of training runs, with all metrics.

    Args:
      data: Dataset of the runs.
      note: Called with messages for the user.
      extractor: Name in `features.EXTRACTORS`. Default: the default extractor of the data.
    """
    built = features.build(extractor or features.default(data), data, note)
    return evaluator.SampleEvaluator(data, built, note=note)


class RunEvaluator:
    """Evaluates a run during training with the extractor of its configuration.

    Args:
      config: Configuration of the run.
      folder: Run folder.
      data: Dataset of the run.
      note: Called with messages for the user.
      sample_evaluator: Evaluator to share with other runs on the same data.
        Default: `default_evaluator` of the data, created at the first evaluation.
    """

    def __init__(
        self,
        config: config_lib.Config,
        folder: Path,
        data: data_lib.Data,
        note: Note,
        sample_evaluator: evaluator.SampleEvaluator | None = None,
    ) -> None:
        self._config, self._folder, self._data, self._note = config, folder, data, note
        self._sample_evaluator = sample_evaluator

    def evaluate(self, step: int, state: step_lib.TrainState) -> dict[str, Any]:
        """Evaluates the generator at a step, unless the log has the evaluation already.

        Args:
          step: Number of updates so far.
          state: State after these updates, on the host.

        Returns:
          The record in `evaluations.jsonl`. `metrics.jsonl` has its scores too.
        """
        record = self._find(step) or self._evaluate(step, state)
        logged = run_folder.read_metrics(self._folder)
        name = record["extractor"]
        if not any(r["step"] == step and r.get("extractor") == name for r in logged):
            run_folder.append_metrics(self._folder, _metrics_record(record))
        return record

    def _evaluate(self, step: int, state: step_lib.TrainState) -> dict[str, Any]:
        if self._sample_evaluator is None:
            name = self._config.evaluation.extractor
            self._sample_evaluator = default_evaluator(self._data, self._note, name)
        num_classes = self._config.conditioning.num_classes(self._data)
        pair = build.build_pair(self._config, self._data.images.shape[1:], num_classes=num_classes)
        weights = labels_lib.class_weights(self._config, self._data.class_counts)
        stats = generator_lib.recompute_batch_stats(pair, state.ema, state.stats.min, weights)
        seed, num_samples = self._config.run.seed, self._config.evaluation.num_samples
        samples = generator_lib.draw_samples(
            pair, state.ema, stats, num_samples, seed=seed, weights=weights
        )
        header = {**_header(step, seed), "by": "train"}
        labels = labels_lib.seeded_labels(pair, num_samples, seed=seed, weights=weights)
        labels = None if labels is None else np.asarray(labels)
        record = self._sample_evaluator(samples, labels)
        return evaluations.append(self._folder, {**header, **record})

    def _find(self, step: int) -> dict[str, Any] | None:
        """Returns the record of an evaluation that an earlier start of the run made.

        A record that could not be shown as a table is ignored, so it is made again.
        """
        num_samples = self._config.evaluation.num_samples
        expected = {"step": step, "num_samples": num_samples, "by": "train"}
        # Another extractor may have been chosen when the run was resumed.
        name = self._config.evaluation.extractor or features.default(self._data)
        expected["extractor"] = name
        for record in evaluations.read(self._folder):
            same = all(record.get(key) == value for key, value in expected.items())
            if same and score_table.is_complete(record):
                return record
        return None
