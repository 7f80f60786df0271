"""The runs of `images`: which there are, and the tuning of one method."""

import math
from typing import Any

from experiments.dissecting.gan_runs.progress import Progress
from experiments.dissecting.gan_runs.runner import Workshop
from experiments.dissecting.gan_runs.training import Job
from experiments.dissecting.images.config import Config
from experiments.dissecting.images.methods import grid


def tuning_job(config: Config, method: str, rates: tuple[float, float], seed: int) -> Job:
    name = f"{method}-{rates[0]:g}-{rates[1]:g}-s{seed}-tune"
    return Job(name, method, rates, seed, config.tune_steps or 0, config.tune_evaluate,
               ("frechet",))  # fmt: skip


def final_job(config: Config, method: str, rates: tuple[float, float], seed: int) -> Job:
    name = f"{method}-{rates[0]:g}-{rates[1]:g}-s{seed}"
    return Job(name, method, rates, seed, config.steps or 0, config.evaluate)


def distance(outcome: dict[str, Any]) -> float:
    """The Fréchet distance of a run; infinite where it has none."""
    value = outcome["scores"].get("frechet_distance")
    return math.inf if value is None or not math.isfinite(value) else value


def tune(config: Config, shop: Progress, method: str) -> list[dict[str, Any]]:
    """Returns the cells of a method's grid: rates, distances by seed, and whether it was chosen."""
    cells = [
        {"rates": list(rates), "distances": [distance(
            shop.outcome(tuning_job(config, method, rates, config.tune_seed)))]}
        for rates in grid(method, config.size, config.powers)
    ]  # fmt: skip
    count, seeds = config.again
    best = sorted(cells, key=lambda cell: cell["distances"][0])[:count]
    for cell in best:
        for seed in range(config.tune_seed + 1, config.tune_seed + 1 + seeds):
            low, high = cell["rates"]
            job = tuning_job(config, method, (low, high), seed)
            cell["distances"].append(distance(shop.outcome(job)))
    chosen = min(best, key=lambda cell: sum(cell["distances"]))
    return [{**finite(cell), "chosen": cell is chosen} for cell in cells]


def finite(cell: dict[str, Any]) -> dict[str, Any]:
    """With None in place of what JSON cannot hold."""
    return {**cell, "distances": [d if math.isfinite(d) else None for d in cell["distances"]]}


def progress(config: Config, shop: Workshop) -> Progress:
    """Returns what runs the jobs of a settled configuration, and says how long it may take."""
    cells = len(config.powers) ** 2 + config.again[0] * config.again[1]
    seeds, tune_steps, steps = config.seeds or 0, config.tune_steps or 0, config.steps or 0
    each = cells * tune_steps + seeds * steps
    count = len(config.methods)
    return Progress(shop, count * (cells + seeds), count * each, shown)


def shown(outcome: dict[str, Any]) -> str:
    """What a line of progress says of a run."""
    value = distance(outcome)
    return f"{value:.1f}" if math.isfinite(value) else f"diverged ({outcome['diverged_at']})"
