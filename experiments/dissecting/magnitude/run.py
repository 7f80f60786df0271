"""Trains Adam with its own and with replaced update norms."""

import math
from pathlib import Path
from typing import Any

import jax
import numpy as np

import minmax_jax as mm
from experiments._shared.command import describe
from experiments._shared.files import write_json
from experiments._shared.time_limit import TimeLimit
from experiments.dissecting.gan_runs.job import Job
from experiments.dissecting.gan_runs.progress import Progress
from experiments.dissecting.gan_runs.runner import Runner
from experiments.dissecting.images import config as images_config
from experiments.dissecting.images.tuning import format_outcome
from experiments.dissecting.magnitude.config import Config
from experiments.dissecting.magnitude.rules import fit_knots, optimizers, read_lengths
from minmax_jax import gan


def make_runner(config: Config, knots: mm.Players | None, time_limit: TimeLimit) -> Runner:
    """Returns the runner of a configuration with learning rates.

    Args:
      config: Experiment configuration.
      knots: Schedule of the norms, or None for the first run, which needs none.
      time_limit: Time limit of all training.
    """
    names = (
        "data",
        "network",
        "width",
        "latent_dim",
        "batch_size",
        "evaluate",
        "extractor",
        "log_every",
    )
    fields = {name: getattr(config, name) for name in names}
    images = images_config.resolve_defaults(images_config.Config(**fields))
    # The norms of the first run, and so the runs that follow them, depend on seed and knots.
    folder = Path(config.runs) / f"first{config.first_seed}-knots{config.knots}"
    return Runner(
        images_config.training_config(images),
        optimizers(images.b1, images.b2 or 0.0, config.steps or 0, knots),
        folder,
        time_limit,
        extractor=config.extractor,
        read=read_lengths,
    )


def make_job(config: Config, method: str, seed: int) -> Job:
    """Returns one run of a method."""
    return Job(
        f"{method}-s{seed}",
        method,
        config.rates or (0.0, 0.0),
        seed,
        config.steps or 0,
        config.evaluate or 0,
        ("frechet",),
    )


def recorded_lengths(runner: Runner, job: Job) -> mm.Players:
    """Returns the norms of Adam's steps along a run, `Players` of shape (records, leaves)."""
    records = runner.metrics(job)
    if not records:
        raise gan.ConfigError(
            f"{runner.folder(job)} contains no norms of the steps. Delete it to run it again."
        )

    def read(side: str, leaves: int) -> np.ndarray:
        names = [f"lengths_{side}_{leaf}" for leaf in range(leaves)]
        return np.array([[record[name] for name in names] for record in records], float)

    return mm.Players(*map(read, ("min", "max"), map(len, layers(runner))))


def movement(values: np.ndarray) -> list[dict[str, float]]:
    """Measures how much each leaf's norm varies after the first twentieth of a run.

    Args:
      values: Norms of shape (records, leaves).

    Returns:
      One record per leaf. Standard deviation and 5 % and 95 % quantiles are divided by the mean;
      `last_to_first` is the mean of the last fifth divided by the mean of the first fifth.
    """
    kept = values[len(values) // 20 :]
    fifth = max(1, len(kept) // 5)
    return [
        {
            "mean": float(one.mean()),
            "deviation": float(one.std() / one.mean()),
            "low": float(np.quantile(one, 0.05) / one.mean()),
            "high": float(np.quantile(one, 0.95) / one.mean()),
            "last_to_first": float(one[-fifth:].mean() / one[:fifth].mean()),
        }
        for one in kept.T
    ]


def layers(runner: Runner) -> list[list[dict[str, Any]]]:
    """Returns name and number of parameters of each leaf, by player."""
    pair = runner.trainer.pair
    return [
        [
            {
                "name": jax.tree_util.keystr(path, simple=True, separator="/"),
                "size": int(leaf.size),
            }
            for path, leaf in jax.tree_util.tree_leaves_with_path(network.params)
        ]
        for network in (pair.generator, pair.discriminator)
    ]


def first_lengths(config: Config, time_limit: TimeLimit) -> mm.Players:
    """Trains the first run and returns the norms of its steps, of shape (records, leaves).

    Raises:
      ConfigError: If the run diverged or a leaf did not move.
    """
    runner = make_runner(config, None, time_limit)
    job = make_job(config, "own-adam", config.first_seed)
    Progress(runner, 1, job.steps, format_outcome).outcome(job)
    curves = recorded_lengths(runner, job)
    if not all(len(side) and np.isfinite(side).all() and (side > 0).all() for side in curves):
        raise gan.ConfigError(
            f"rates={config.rates}: Adam diverged or did not move; give other learning rates"
        )
    return curves


def record(config: Config, path: Path) -> None:
    """Trains the missing runs, and writes the JSON file after each seed of all methods.

    Raises:
      TimeLimitReached: If the time limit is reached; finished runs are saved.
    """
    time_limit = TimeLimit(config.time_limit)
    curves = first_lengths(config, time_limit)
    knots = mm.Players(*(fit_knots(side, config.knots) for side in curves))
    runner = make_runner(config, knots, time_limit)
    methods, seeds = list(optimizers(0.5, 0.999, config.steps or 0, knots)), config.seeds or 0
    total = len(methods) * seeds
    progress = Progress(runner, total, total * (config.steps or 0), format_outcome)
    distances: dict[str, list[float | None]] = {method: [] for method in methods}
    moved = []
    for seed in range(seeds):
        for method in methods:
            outcome = progress.outcome(make_job(config, method, seed))
            value = outcome["scores"].get("frechet_distance")
            distances[method].append(value if value is not None and math.isfinite(value) else None)
        own = recorded_lengths(runner, make_job(config, "own-adam", seed))
        moved.append([movement(side) for side in own])
        result = {
            **describe(config, data=runner.data_name),
            "layers": layers(runner),
            "curves": [side.round(5).tolist() for side in curves],
            "knots": [side.round(5).tolist() for side in knots],
            "movement": moved,
            "distances": distances,
            "seeds_done": seed + 1,
        }
        write_json(path, result, indent=1)
