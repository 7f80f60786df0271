"""The end of a run: quality in numbers, pictures, summary."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from minmax_jax.gan import data as data_lib
from minmax_jax.gan.config import config as config_lib
from minmax_jax.gan.evaluation import evaluate
from minmax_jax.gan.generation import image_io, sampling
from minmax_jax.gan.run import report, run_folder
from minmax_jax.gan.training import build
from minmax_jax.gan.training import step as step_lib


class Run(NamedTuple):
    """A run that has come to its end.

    Attributes:
      folder: the run folder.
      config: its configuration.
      state: the final state, of numpy arrays.
      metrics: the lines of `metrics.jsonl`.
      summary: the last losses and, with its scores, the last `evaluation`, as in
        `summary.json`.
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
    note: Callable[[str], None],
    examiner: evaluate.Examiner | None = None,
) -> Run:
    """Measures quality, draws the pictures and writes the summary of a run.

    Quality that an earlier call measured at the same step is not measured again.

    Args:
      config: the run's configuration.
      folder: its folder.
      data: its data.
      state: its final state, on the host.
      note: called with lines for the person who waits.
      examiner: one that has evaluated this run already, if any.
    """
    pair = build.build_pair(config, data.images.shape[1:])
    stats = sampling.settle(pair, state.ema, state.stats.min)
    measured = {}
    if config.evaluation.num_samples:
        examiner = examiner or evaluate.Examiner(config, folder, data, note)
        examined = examiner.examine(config.training.steps, state)
        measured = {"evaluation": examined}
    records = run_folder.read_metrics(folder)
    _draw_pictures(config, folder, data, sampling.draw(pair, state.ema, stats, 1000), records)
    last = [r for r in records if "loss_min" in r][-1:]
    summary = {**{name: value for r in last for name, value in r.items()}, **measured}
    run_folder.write_atomically(folder / "summary.json", json.dumps(summary, indent=2) + "\n")
    return Run(folder, config, state, records, summary)


def _draw_pictures(
    config: config_lib.Config,
    folder: Path,
    data: data_lib.Data,
    samples: Any,
    records: list[dict[str, Any]],
) -> None:
    if data.kind == "image":
        image_io.write(image_io.to_uint8(samples[:64]), folder / "samples.png")
    else:
        image_io.scatter(samples, data.images[:1000]).savefig(folder / "samples.png", dpi=120)
    rates = f"rates {config.optimizer.learning_rate_min:g}, {config.optimizer.learning_rate_max:g}"
    title = f"{config.data.source}, {config.networks.name}: {config.optimizer.name}, {rates}"
    report.curves(records, title).savefig(folder / "curves.png", dpi=120)
