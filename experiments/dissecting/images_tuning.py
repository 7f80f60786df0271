"""The runs of `images`: which there are, the tuning of one method, and how long all may take."""

import math
import time
from typing import Any

from experiments.dissecting.images_config import Config
from experiments.dissecting.images_methods import grid
from experiments.dissecting.runs import Workshop
from experiments.dissecting.runs_training import Job


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


def tune(config: Config, shop: "Progress", method: str) -> list[dict[str, Any]]:
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


class Progress:
    """Runs jobs and says how long it may still take."""

    def __init__(self, config: Config, shop: Workshop) -> None:
        self._shop = shop
        self._number = 0
        cells = len(config.powers) ** 2 + config.again[0] * config.again[1]
        self._total = len(config.methods) * (cells + (config.seeds or 0))
        self._steps = len(config.methods) * (
            cells * (config.tune_steps or 0) + (config.seeds or 0) * (config.steps or 0)
        )
        self._spent, self._taken = 0.0, 0

    def estimate(self, method: str) -> str:
        """Measures an update of a method and returns what all that may be left will cost."""
        each = self._shop.trainer.seconds_per_step(method)
        return (
            f"{self._total - self._number + 1} runs, {self._steps:,} updates of "
            f"{1000 * each:.1f} ms of CPU time: {each * self._steps / 60:.0f} min, besides "
            "compilation and judging"
        )

    def outcome(self, job: Job) -> dict[str, Any]:
        self._number += 1
        known = self._shop.finished(job)
        if not known and not self._taken:  # what is there already costs nothing, nor a probe
            print(self.estimate(job.method), flush=True)
        began = time.monotonic()
        found = self._shop.outcome(job)
        self._steps -= job.steps
        if not known:
            self._spent += time.monotonic() - began
            self._taken += job.steps
            left = self._spent / self._taken * self._steps / 60
            value = distance(found)
            text = f"{value:.1f}" if math.isfinite(value) else f"diverged ({found['diverged_at']})"
            head = f"[{self._number}/{self._total}] {job.name}"
            spent = f"{found['cpu_seconds']:.0f} s of CPU time"
            print(f"{head}: {text}; {spent}; about {left:.0f} min left", flush=True)
        return found
