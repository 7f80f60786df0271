"""Jobs of the image experiment, and the tuning of one method."""

import math
from typing import Any

from experiments.dissecting.gan_runs.job import Job
from experiments.dissecting.gan_runs.progress import Progress
from experiments.dissecting.gan_runs.runner import Runner
from experiments.dissecting.images.config import Config, grid_size
from experiments.dissecting.images.methods import grid
from experiments.dissecting.images.recorded import recorded_grid


def tuning_job(
    config: Config, method: str, rates: tuple[float, float], seed: int, steps: int = 0
) -> Job:
    """Returns a tuning run, scored by its Fréchet distance only. Default: `tune_steps` updates."""
    length = f"-{steps}" if steps and steps != config.tune_steps else ""
    name = f"{method}-{rates[0]:g}-{rates[1]:g}-s{seed}-tune{length}"
    steps = steps or config.tune_steps or 0
    return Job(name, method, rates, seed, steps, config.tune_evaluate, ("frechet",))


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
      the cell is chosen. If the repeated runs have a length of their own, their distances are
      apart, under `long`.
    """
    pairs = grid(method, config.size, config.powers or (), config.min_powers)
    if config.grids:
        first = recorded_grid(config, method)
    else:
        jobs = [tuning_job(config, method, rates, config.tune_seed) for rates in pairs]
        first = [distance(outcome) for outcome in progress.outcomes(jobs)]
    cells = [{"rates": list(p), "distances": [d]} for p, d in zip(pairs, first, strict=True)]
    _, (count, seeds) = grid_size(config)
    best = sorted(cells, key=lambda cell: cell["distances"][0])[:count]
    jobs = [
        tuning_job(config, method, (low, high), config.tune_seed + 1 + i, config.again_steps)
        for low, high in (cell["rates"] for cell in best)
        for i in range(seeds)
    ]
    repeats = iter([distance(outcome) for outcome in progress.outcomes(jobs)])
    name = "long" if config.again_steps else "distances"
    for cell in best:
        cell[name] = [*cell.get(name, []), *(next(repeats) for _ in range(seeds))]
    chosen = min(best, key=lambda cell: sum(cell[name]))
    return [{**finite(cell), "chosen": cell is chosen} for cell in cells]


def finite(cell: dict[str, Any]) -> dict[str, Any]:
    """Returns the cell with None in place of infinite distances, which JSON cannot hold."""
    known = {
        name: [d if math.isfinite(d) else None for d in cell[name]]
        for name in ("distances", "long")
        if name in cell
    }
    return {**cell, **known}


def make_progress(config: Config, runner: Runner) -> Progress:
    """Returns a progress reporter for all jobs of a configuration without missing values."""
    cells, (best, more) = grid_size(config)
    seeds, steps = config.seeds or 0, config.steps or 0
    if config.tuned:
        best = 0
    if config.tuned or config.grids:
        cells = 0
    again_steps = config.again_steps or config.tune_steps or 0
    each = cells * (config.tune_steps or 0) + best * more * again_steps + seeds * steps
    count = len(config.methods)
    runs = count * (cells + best * more + seeds)
    return Progress(runner, runs, count * each, format_outcome, config.runs_at_once)


def format_outcome(outcome: dict[str, Any]) -> str:
    """Formats the outcome of a run for a progress line."""
    value = distance(outcome)
    return f"{value:.1f}" if math.isfinite(value) else f"diverged ({outcome['diverged_at']})"
