"""Finishes a run: evaluation, samples, curves and summary."""

import json
from pathlib import Path
from typing import Any, NamedTuple

from minmax_jax.gan import data as data_lib
from minmax_jax.gan.base.messages import Note
from minmax_jax.gan.config import config as config_lib
from minmax_jax.gan.data import row_order
from minmax_jax.gan.evaluation import evaluate
from minmax_jax.gan.generation import generator, image_files, image_io, labels
from minmax_jax.gan.run import files, lock, run_folder
from minmax_jax.gan.trainer import pictures
from minmax_jax.gan.training import build
from minmax_jax.gan.training import step as step_lib

_SHOWN_IMAGES, _SHOWN_POINTS = 64, 1000


class Run(NamedTuple):
    """A finished run.

    Attributes:
      folder: Run folder.
      config: Configuration.
      state: Final state, as NumPy arrays.
      metrics: Records of `metrics.jsonl`.
      summary: Content of `summary.json`: the last logged metrics and the last `evaluation`.
    """

    folder: Path
    config: config_lib.Config
    state: step_lib.TrainState
    metrics: list[dict[str, Any]]
    summary: dict[str, Any]


def finish(
    config: config_lib.Config,
    folder: Path,
    data: data_lib.Data,
    state: step_lib.TrainState,
    note: Note,
    evaluator: evaluate.RunEvaluator | None = None,
    check_lock: lock.Check = lambda: None,
) -> Run:
    """Evaluates a run, draws samples and curves, and writes the summary.

    An evaluation of the same step that is already in the run folder is not repeated.

    Args:
      config: Configuration of the run.
      folder: Run folder.
      data: Full dataset.
      state: Final state, on the host.
      note: Called with messages for the user.
      evaluator: Evaluator of the run. Default: a new one.
      check_lock: Called before files are written; it raises an error if another process writes
        them.
    """
    pair = build.build_pair(
        config, data.images.shape[1:], num_classes=config.conditioning.num_classes(data)
    )
    weights = labels.class_weights(config, data.class_counts)
    stats = generator.recompute_batch_stats(pair, state.ema, state.stats.min, weights)
    evaluation = {}
    if config.evaluation.num_samples:
        evaluator = evaluator or evaluate.RunEvaluator(config, folder, data, note)
        evaluation = {"evaluation": evaluator.evaluate(config.training.steps, state)}
    check_lock()
    records = run_folder.read_metrics(folder)
    count = _SHOWN_IMAGES if data.kind == "image" else _SHOWN_POINTS
    samples = generator.draw_samples(pair, state.ema, stats, count, weights=weights)
    generator.note_nonfinite(samples, note)
    if labels.count_classes(pair) and data.kind == "image":
        pictures.Pictures(config, folder, data).draw_early(state)  # It has one row per class.
    else:
        _draw_figures(config, folder, data, samples)
    last = [record for record in records if "loss_min" in record][-1:]
    summary = {**{name: value for r in last for name, value in r.items()}, **evaluation}
    check_lock()
    files.write_atomically(folder / "summary.json", json.dumps(summary, indent=2) + "\n")
    return Run(folder, config, state, records, summary)


def _draw_figures(
    config: config_lib.Config,
    folder: Path,
    data: data_lib.Data,
    samples: Any,
) -> None:
    """Writes samples.png, curves.png and a strip of the samples over time."""
    if data.kind == "image":
        image_io.write(image_io.to_uint8(samples), folder / "samples.png")
    else:
        shown = row_order.sample_rows(data.images, data.labels, _SHOWN_POINTS)
        figure = image_io.scatter(samples, data.images[shown])
        image_files.save_figure(figure, folder / "samples.png")
    pictures.draw_curves(config, folder)
    pictures.Pictures(config, folder, data).draw_strip()
