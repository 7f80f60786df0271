"""Runs a sweep: trains the unfinished runs, then writes the report."""

import itertools
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from minmax_jax.gan import data as data_lib
from minmax_jax.gan.base.errors import ConfigError, NonFinite, check_name
from minmax_jax.gan.base.messages import Note, print_note
from minmax_jax.gan.config import config as config_lib
from minmax_jax.gan.config.run import Best
from minmax_jax.gan.evaluation import evaluate, evaluator, ranking
from minmax_jax.gan.multihost import interrupts
from minmax_jax.gan.run import files, lock, run_folder
from minmax_jax.gan.sweeps import folder as folder_lib
from minmax_jax.gan.sweeps import grid as grid_lib
from minmax_jax.gan.sweeps import report, vmapped
from minmax_jax.gan.sweeps.result import Sweep
from minmax_jax.gan.trainer import finish, train
from minmax_jax.gan.training import build
from minmax_jax.gan.training import step as step_lib

_ALONE = ("evaluate_every", "keep_best", "sample_every")
"""Fields that only runs that train one after another support."""


def sweep(
    config: config_lib.Config,
    grid: grid_lib.Grid,
    *,
    out: str | Path = "",
    vmap: str = "auto",
    score: str = "",
    note: Note = print_note,
) -> Sweep:
    """Runs a sweep over optimizers, learning rates and seeds, or resumes the sweep in `out`.

    Args:
      config: Configuration that all runs share. The grid replaces optimizer, learning rates and
        seed.
      grid: Values to sweep over.
      out: Folder of the sweep. Default: `runs/sweep-PRESET`.
      vmap: `"on"`: the runs of one optimizer train at once, in one program vmapped over learning
        rates and seeds, on one device. `"off"`: they train one after another. `"auto"`: at once
        if the networks are small. The results agree up to rounding.
      score: Metric by which the runs are compared: a score of the evaluation, or a training
        metric such as `loss_min`. For each score it is known whether higher or lower is better;
        for a training metric, lower is better. METRIC:min or METRIC:max overrides the direction.
        Default: `high_quality_share` for data with known modes, otherwise `frechet_distance`.
      note: Called with messages for the user. Default: prints to standard error.

    Returns:
      The finished sweep. Its folder contains a table, a heat map and a JSON report.

    Raises:
      ConfigError: If a value is invalid, the folder contains another sweep, or another process
        writes to it.
      DataError: If the data cannot be read.
      Stopped: If a run ends before its last step, as in `train`. If a run diverges, no error is
        raised: the sweep records this as the outcome of the run, and continues.
    """
    check_name("vmap", vmap, ("auto", "on", "off"))
    ranking.check_keep_best(config)
    ranking.parse(score, "score")
    _check_vmap(vmap, config)
    folder = Path(out or f"runs/sweep-{config.run.preset}")
    runs = grid_lib.sweep_runs(config, grid, folder)
    note(f"sweep: {grid.describe()} of {config.training.steps:,} updates in {folder}")
    data = config.data.load()
    best = _score(score, config, data)
    groups = [list(g) for _, g in itertools.groupby(runs, lambda run: run.config.optimizer.name)]
    for group in groups:  # This reports invalid values before anything is written.
        build.build_game(group[0].config, data, 1)
    folder_lib.check_sweep(folder, config, grid, data)
    files.make_folder(folder)
    with lock.hold(folder) as check_lock, interrupts.describe(lambda: _ON_DISK):
        folder_lib.open_sweep(folder, config, grid, data)
        for line in data_lib.lines(data, config.training.batch_size):
            note(line)
        if finished := sum(folder_lib.read_outcome(run) is not None for run in runs):
            note(f"{finished} of {len(runs)} runs are finished already")
        for group in groups:
            unfinished = [run for run in group if folder_lib.read_outcome(run) is None]
            _train_group(unfinished, data, vmap, note, check_lock)
        result = _read(folder, grid, runs, best)
        check_lock()
        report.write(result)
    return result


def read_sweep(folder: str | Path, *, score: str = "") -> Sweep:
    """Reads a finished sweep.

    Args:
      folder: Folder of the sweep.
      score: Metric by which the runs are compared. See `sweep`.

    Raises:
      ConfigError: If the folder does not contain a sweep, or if runs are unfinished.
    """
    folder = Path(folder)
    config, grid = folder_lib.read(folder)
    runs = grid_lib.sweep_runs(config, grid, folder)
    best = _score(score, config, config.data.load())
    return _read(folder, grid, runs, best)


def _read(folder: Path, grid: grid_lib.Grid, runs: list[grid_lib.SweepRun], best: Best) -> Sweep:
    outcomes = [folder_lib.read_outcome(run) for run in runs]
    known = [outcome for outcome in outcomes if outcome is not None]
    if len(known) < len(runs):
        raise ConfigError(
            f"{folder}: {len(runs) - len(known)} of {len(runs)} runs are unfinished. Run the "
            "same sweep command again to continue."
        )
    return Sweep(folder, grid, runs, known, best)


def _score(text: str, config: config_lib.Config, data: data_lib.Data) -> Best:
    """Returns the metric by which runs are compared, and checks that every run will have it."""
    default = "frechet_distance" if data.modes is None else "high_quality_share"
    best = ranking.parse(text or default, "score") or Best(default, highest=False)
    ranking.check_extractor(config, data)
    if not ranking.is_score(best):
        return best
    ranking.check_available(best, "score", data, config.evaluation.extractor)
    if not config.evaluation.num_samples:
        raise ConfigError(
            f"score must be a training metric such as loss_min if evaluate=0, got {best.name}. "
            "Set evaluate, or choose another score."
        )
    return best


def _check_vmap(vmap: str, config: config_lib.Config) -> None:
    """Raises `ConfigError` for fields that runs in one program do not support."""
    needed = [name for name in _ALONE if config.flat()[name]]
    if vmap == "on" and needed:
        raise ConfigError(
            f"vmap must be auto or off with {needed[0]}, got on. Runs in one program are evaluated "
            "and draw samples only at the end, and keep only their newest checkpoints."
        )


_ON_DISK = "finished runs are kept; run the same command again to resume the sweep"


def _train_group(
    runs: Sequence[grid_lib.SweepRun],
    data: data_lib.Data,
    vmap: str,
    note: Note,
    check_lock: lock.Check,
) -> None:
    """Trains the unfinished runs of one optimizer."""
    together = vmap == "on" or (
        vmap == "auto"
        and len(runs) > 1
        and not any(runs[0].config.flat()[name] for name in _ALONE)
        and vmapped.should_vmap(runs[0], data)
    )
    if not together:
        for run in runs:
            note(f"{run.name}:")
            outcome = _train_alone(run)
            check_lock()
            folder_lib.write_outcome(run, outcome)
        return
    evaluation = runs[0].config.evaluation
    sample_evaluator = (
        evaluate.default_evaluator(data, note, evaluation.extractor)
        if evaluation.num_samples
        else None
    )
    for start in range(0, len(runs), vmapped.MAX_RUNS):
        chunk = runs[start : start + vmapped.MAX_RUNS]
        note(f"{chunk[0].config.optimizer.name}: {len(chunk)} runs in one program")
        with vmapped.lock_runs(chunk) as check_runs:
            states = vmapped.train(chunk, data, note, check_runs)
            for run, state in zip(chunk, states, strict=True):
                outcome = _finish(run, data, state, note, sample_evaluator, check_runs)
                check_runs()
                folder_lib.write_outcome(run, outcome)


def _train_alone(run: grid_lib.SweepRun) -> dict[str, Any]:
    try:
        finished = train.train(run.config)
    except NonFinite as error:
        return {"diverged_at": error.step, "reason": str(error)}
    return _flat(finished.summary)


def _finish(
    run: grid_lib.SweepRun,
    data: data_lib.Data,
    state: step_lib.TrainState,
    note: Note,
    sample_evaluator: evaluator.SampleEvaluator | None,
    check_lock: lock.Check,
) -> dict[str, Any]:
    """Finishes a run that was trained together with others, as `trainer.train` does.

    Returns:
      Outcome of the run: its flat summary, or only `diverged_at` if it diverged.
    """
    at = vmapped.diverged_at(state) or _first_nonfinite(run_folder.read_metrics(run.folder))
    if at is not None and run.config.training.on_nonfinite == "stop":
        return {"diverged_at": at}
    run_evaluator = evaluate.RunEvaluator(run.config, run.folder, data, note, sample_evaluator)
    finished = finish.finish(run.config, run.folder, data, state, note, run_evaluator, check_lock)
    return _flat(finished.summary)


def _flat(summary: dict[str, Any]) -> dict[str, Any]:
    """Returns a summary as a flat outcome: metrics, scores, and how the scores were computed."""
    evaluation = summary.get("evaluation", {})
    kept = ("extractor", "facts", "num_samples", "protocol")
    about = {k: v for k, v in evaluation.items() if k in kept}
    metrics = {name: value for name, value in summary.items() if name != "evaluation"}
    return {**metrics, **about, **evaluation.get("scores", {}), "diverged_at": None}


def _first_nonfinite(records: Sequence[dict[str, Any]]) -> int | None:
    """Returns the first logged step with a loss or norm that is not finite, or None."""
    tested = ("loss_", "gradient_norm_", "update_norm_")
    for record in records:
        values = [value for name, value in record.items() if name.startswith(tested)]
        if any(value is None or not math.isfinite(value) for value in values):
            return record["step"]
    return None
