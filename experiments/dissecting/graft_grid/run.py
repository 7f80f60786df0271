"""Trains all pairs of the grafting grid and records their results."""

import itertools
import math
from pathlib import Path
from typing import Any

from experiments._shared.command import describe
from experiments._shared.files import write_json
from experiments._shared.time_limit import TimeLimit
from experiments.dissecting.gan_runs.config import library_config
from experiments.dissecting.gan_runs.job import Job
from experiments.dissecting.gan_runs.progress import Progress
from experiments.dissecting.gan_runs.runner import Runner
from experiments.dissecting.graft_grid.config import Config
from experiments.dissecting.graft_grid.rules import CENTERS, optimizer, unit


def make_runner(config: Config) -> Runner:
    """Returns the runner of a configuration without missing values."""
    pairs = itertools.product(config.rules, repeat=2)
    return Runner(
        library_config(config, log_every=50),
        {
            f"{magnitude}-{direction}": optimizer(magnitude, direction)
            for magnitude, direction in pairs
        },
        Path(config.runs) / config.problem,
        TimeLimit(config.time_limit),
        extractor=config.extractor,
    )


def tuning_objective(config: Config, outcome: dict[str, Any]) -> float:
    """Returns the quantity that tuning minimizes.

    This is the Fréchet distance on images. On Gaussians it is minus the number of covered modes
    and the share of samples at modes.
    """
    scores = outcome["scores"]
    if config.problem == "gaussians":
        if outcome["diverged_at"] is not None or "modes_covered" not in scores:
            return math.inf
        return -(scores["modes_covered"] + scores["high_quality_share"])
    value = scores.get("frechet_distance")
    return math.inf if value is None or not math.isfinite(value) else value


def run_pair(config: Config, progress: Progress, magnitude: str, direction: str) -> dict[str, Any]:
    """Tunes one pair of magnitude and direction, then trains it with new seeds."""
    name = f"{magnitude}-{direction}"
    metrics = ("modes",) if config.problem == "gaussians" else ("frechet", "classes")
    if config.extractor:  # Other extractors, for example pixels, have no classes.
        metrics = ("frechet",)

    def job(rates: tuple[float, float], seed: int, steps: int) -> Job:
        folder = f"{name}-{rates[0]:g}-{rates[1]:g}-s{seed}-{steps}"
        return Job(folder, name, rates, seed, steps, config.evaluate or 0, metrics)

    low, high = (
        [float(f"{rate * 4**power:.3g}") for power in config.powers]
        for rate in CENTERS[config.problem][unit(magnitude)]
    )
    jobs = [job(r, config.tune_seed, config.tune_steps or 0) for r in itertools.product(low, high)]
    tuning = []
    for tried, outcome in zip(jobs, progress.outcomes(jobs), strict=True):
        value = tuning_objective(config, outcome)
        tuning.append({"rates": tried.rates, "badness": value if math.isfinite(value) else None})
    best = min(tuning, key=lambda cell: math.inf if cell["badness"] is None else cell["badness"])
    final = progress.outcomes(
        [job(best["rates"], seed, config.steps or 0) for seed in range(config.seeds or 0)]
    )
    return {
        "magnitude": magnitude,
        "direction": direction,
        "tuning": tuning,
        "best": best["rates"],
        "final": final,
    }


def record(config: Config, path: Path) -> None:
    """Trains the missing runs, and writes the JSON file after each pair.

    Raises:
      TimeLimitReached: If the time limit is reached; finished runs are saved.
    """
    cells, seeds = len(config.powers) ** 2, config.seeds or 0
    count = len(config.rules) ** 2
    steps = cells * (config.tune_steps or 0) + seeds * (config.steps or 0)
    runner = make_runner(config)
    progress = Progress(
        runner,
        count * (cells + seeds),
        count * steps,
        lambda outcome: f"{tuning_objective(config, outcome):.3g}",
        config.runs_at_once,
    )
    pairs = []
    for magnitude, direction in itertools.product(config.rules, repeat=2):
        pairs.append(run_pair(config, progress, magnitude, direction))
        result = {
            **describe(config, data=runner.data_name),
            "pairs": pairs,
        }
        write_json(path, result, indent=1)
