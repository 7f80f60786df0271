"""Jobs of the image experiment, and the tuning of one method."""

import math
from typing import Any

from experiments.dissecting.gan_runs.progress import Progress
from experiments.dissecting.gan_runs.runner import Runner
from experiments.dissecting.gan_runs.training import Job
from experiments.dissecting.images.config import Config
from experiments.dissecting.images.methods import grid


def tuning_job(config: Config, method: str, rates: tuple[float, float], seed: int) -> Job:
    """Returns a short run, scored by its Fréchet distance only."""
    name = f"{method}-{rates[0]:g}-{rates[1]:g}-s{seed}-tune"
    return Job(
        name, method, rates, seed, config.tune_steps or 0, config.tune_evaluate, ("frechet",)
    )


def final_job(config: Config, method: str, rates: tuple[float, float], seed: int) -> Job:
    """Returns a run of full length, scored by all metrics."""
    name = f"{method}-{rates[0]:g}-{rates[1]:g}-s{seed}"
    return Job(name, method, rates, seed, config.steps or 0, config.evaluate or 0)


def distance(outcome: dict[str, Any]) -> float:
    """Returns the Fréchet distance of a run, or infinity if it diverged."""
    value = outcome["scores"].get("frechet_distance")
    return math.inf if value is None or not math.isfinite(value) else value


def tune(config: Config, progress: Progress, method: str) -> list[dict[str, Any]]:
    """Tunes the learning rates of one method.

    Returns:
      One record per grid cell: learning rates, Fréchet distance per tuning seed, and whether
      the cell is chosen.
    """
    cells = [
        {
            "rates": list(rates),
            "distances": [
                distance(progress.outcome(tuning_job(config, method, rates, config.tune_seed)))
            ],
        }
        for rates in grid(method, config.size, config.powers)
    ]
    count, seeds = config.again
    best = sorted(cells, key=lambda cell: cell["distances"][0])[:count]
    for cell in best:
        for seed in range(config.tune_seed + 1, config.tune_seed + 1 + seeds):
            low, high = cell["rates"]
            job = tuning_job(config, method, (low, high), seed)
            cell["distances"].append(distance(progress.outcome(job)))
    chosen = min(best, key=lambda cell: sum(cell["distances"]))
    return [{**finite(cell), "chosen": cell is chosen} for cell in cells]


def finite(cell: dict[str, Any]) -> dict[str, Any]:
    """Returns the cell with None in place of infinite distances, which JSON cannot hold."""
    return {**cell, "distances": [d if math.isfinite(d) else None for d in cell["distances"]]}


def make_progress(config: Config, runner: Runner) -> Progress:
    """Returns a progress reporter for all jobs of a configuration without missing values."""
    cells = len(config.powers) ** 2 + config.again[0] * config.again[1]
    seeds, tune_steps, steps = config.seeds or 0, config.tune_steps or 0, config.steps or 0
    each = cells * tune_steps + seeds * steps
    count = len(config.methods)
    return Progress(runner, count * (cells + seeds), count * each, format_outcome)


def format_outcome(outcome: dict[str, Any]) -> str:
    """Formats the outcome of a run for a progress line."""
    value = distance(outcome)
    return f"{value:.1f}" if math.isfinite(value) else f"diverged ({outcome['diverged_at']})"
