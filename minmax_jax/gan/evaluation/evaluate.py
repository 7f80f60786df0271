"""Evaluating a run: apart from training on any checkpoint, and by the trainer itself."""

import datetime
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from minmax_jax.gan import data as data_lib
from minmax_jax.gan.base.errors import ConfigError, DataError
from minmax_jax.gan.base.limits import MIN_SAMPLES
from minmax_jax.gan.config import config as config_lib
from minmax_jax.gan.evaluation import evaluator, features
from minmax_jax.gan.generation import sampling
from minmax_jax.gan.run import evaluations, run_folder
from minmax_jax.gan.training import build
from minmax_jax.gan.training import step as step_lib


def _warn(message: str) -> None:
    print(message, file=sys.stderr)


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
    note: Callable[[str], None] = _warn,
) -> list[dict[str, Any]]:
    """Scores samples of a checkpoint's averaged generator, and adds the scores to the run.

    Reads the run and adds lines to its `evaluations.jsonl` (see `evaluations`), nothing else:
    it may be called while the run is written.

    Args:
      run_dir: the run folder.
      step: which checkpoint; the newest by default.
      extractors: names of `features.EXTRACTORS`; by default the one that suits the data.
      metrics: names of `scores.METRICS`; by default all that data and extractor allow.
      num_samples: how many samples, at least 20.
      num_reference: at most so many training examples stand for the data.
      seed: seed of the latents; the run's by default, as when training evaluates.
      data: where the run's data are, if no longer where its configuration says.
      inception_weights: file of weights for the extractor inception; None downloads them.
      note: called with one line before something slow, standard error by default.

    Returns:
      One record an extractor, as it was written.

    Raises:
      ConfigError: the folder holds no run or no such checkpoint, or an argument is wrong.
      DataError: the data cannot be read, or are not those of the run.
    """
    for name, value in {"num_samples": num_samples, "num_reference": num_reference}.items():
        if value < MIN_SAMPLES:
            raise ConfigError(f"{name}={value} is out of range; give at least {MIN_SAMPLES}")
    generator = sampling.load(run_dir, step=step)
    real = _data(generator.about, data)
    made = [
        features.build(name, real, note, inception_weights=inception_weights)
        for name in dict.fromkeys(extractors or [features.default(real)])
    ]
    judges = [
        evaluator.Judge(real, extractor, metrics, num_reference=num_reference, note=note)
        for extractor in made
    ]
    seed = generator.about.config.run.seed if seed is None else seed
    drawn = sampling.draw(generator.pair, generator.params, generator.stats, num_samples, seed=seed)
    return [
        evaluations.append(Path(run_dir), {**_head(generator.step, seed), **each(drawn)})
        for each in judges
    ]


def _data(about: run_folder.About, place: str) -> data_lib.Data:
    data = data_lib.load(place or about.config.data.source, about.config.data.label_column)
    found = run_folder.describe(data)
    other = [key for key in ("shape", "count", "crc32") if found[key] != about.data[key]]
    if other:
        raise DataError(
            f"data={data.name} are not what the run was trained on (another {other[0]}: "
            f"{about.data[other[0]]} -> {found[other[0]]}); give its data by --data"
        )
    return data


def _head(step: int, seed: int) -> dict[str, Any]:
    time = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    return {"step": step, "time": time, "seed": seed}


def headline(record: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the scores of an evaluation in one flat record, with extractor and count."""
    return {
        **{key: record[key] for key in ("step", "extractor", "num_samples")},
        **record["scores"],
    }


def default_judge(data: data_lib.Data, note: Callable[[str], None]) -> evaluator.Judge:
    """Returns the judge that training asks: the extractor that suits the data, every metric."""
    return evaluator.Judge(data, features.build(features.default(data), data, note), note=note)


class Examiner:
    """Evaluates a run while it trains, with the extractor that suits the data.

    Args:
      config: the run's configuration.
      folder: its folder.
      data: its data.
      note: called with lines for the person who waits.
      shared: the `default_judge` of the data, where other runs have it too.
    """

    def __init__(
        self,
        config: config_lib.Config,
        folder: Path,
        data: data_lib.Data,
        note: Callable[[str], None],
        shared: evaluator.Judge | None = None,
    ) -> None:
        self._config, self._folder, self._data, self._note = config, folder, data, note
        self._judge = shared

    def examine(self, step: int, state: step_lib.TrainState) -> dict[str, Any]:
        """Scores the generator of a step; what was scored already at that step is not again.

        Args:
          step: the step.
          state: the state after it, on the host.

        Returns:
          The record in `evaluations.jsonl`; its scores are in `metrics.jsonl` too.
        """
        record = self._known(step) or self._examine(step, state)
        if not any(
            r["step"] == step and "extractor" in r for r in run_folder.read_metrics(self._folder)
        ):
            run_folder.append_metrics(self._folder, headline(record))
        return record

    def _examine(self, step: int, state: step_lib.TrainState) -> dict[str, Any]:
        if self._judge is None:
            self._judge = default_judge(self._data, self._note)
        pair = build.build_pair(self._config, self._data.images.shape[1:])
        settled = sampling.settle(pair, state.ema, state.stats.min)
        seed = self._config.run.seed
        drawn = sampling.draw(
            pair, state.ema, settled, self._config.evaluation.num_samples, seed=seed
        )
        head = {**_head(step, seed), "by": "train"}
        return evaluations.append(self._folder, {**head, **self._judge(drawn)})

    def _known(self, step: int) -> dict[str, Any] | None:
        wanted = {"step": step, "num_samples": self._config.evaluation.num_samples, "by": "train"}
        for record in evaluations.read(self._folder):
            if all(record.get(key) == value for key, value in wanted.items()):
                return record
        return None
