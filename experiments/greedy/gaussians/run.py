"""Tunes every method, trains all runs and collects their results."""

from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np

from experiments._shared.command import describe
from experiments._shared.files import read_or_compute
from experiments.greedy.gaussians import game
from experiments.greedy.gaussians.config import GROUPS, Config
from experiments.greedy.gaussians.methods import METHODS, PUBLISHED
from experiments.greedy.gaussians.training import EVERY, run_one

NUM_CLOUDS = 5
"""Number of times at which the figure shows samples of seed 0."""
NUM_SEEDS = 5
"""Number of seeds of which the figure shows the last samples."""
FINALISTS = 3
"""Number of tuning cells that run with all tuning seeds."""


def run(config: Config) -> dict[str, Any]:
    """Trains all runs, one seed of every method before the next seed.

    Returns:
      The content of the JSON file.

    Raises:
      ConfigError: If a value is invalid.
    """
    config.check()
    tuning, found = {}, {}
    if set(config.groups) - {"published"}:
        tuning = {method: tune(config, method) for method in config.methods}
    for seed in range(config.seeds):
        for group in config.groups:
            for method in config.methods:
                if group == "published" and not METHODS[method].published:
                    continue
                chosen = PUBLISHED if group == "published" else best(tuning[method])["rates"]
                rates = tuple(chosen)
                one = read_or_train(config, method, rates, GROUPS[group], seed, config.steps)
                found.setdefault(group, {}).setdefault(method, []).append(summarize(one))
    return {
        **describe(config),
        "tuning": tuning,
        "groups": found,
    }


def read_or_train(
    config: Config, method: str, rates: tuple[float, float], mixture: str, seed: int, steps: int
) -> dict[str, Any]:
    """Returns one run, from its file if it is finished."""
    folder = Path(config.runs) / f"batch{config.batch}-{config.draws}"
    path = folder / f"{method}-{mixture}-{rates[0]:g}-{rates[1]:g}-s{seed}-{steps}.json"

    def compute() -> dict[str, Any]:
        sizes = game.Sizes(batch=config.batch)
        found = run_one(method, sizes, config.draws, rates, mixture, seed, steps)
        print(path.name, np.asarray(found["shares"][-1][0]), flush=True)
        return found

    return read_or_compute(path, compute)


def tune(config: Config, method: str) -> list[dict[str, Any]]:
    """Returns the scores of all tuning cells.

    All cells run with the first tuning seed, the best three with all tuning seeds.
    """

    def score(cell: dict[str, Any], index: int) -> float:
        rates = tuple(cell["rates"])
        one = read_or_train(config, method, rates, "stated", 1000 + index, config.tune_steps)
        return round(coverage(np.asarray(one["clouds"][-1]), game.WEIGHTS["stated"]), 3)

    cells = [{"rates": list(rates)} for rates in METHODS[method].cells()]
    for cell in cells:
        cell["scores"] = [score(cell, 0)]
    for cell in sorted(cells, key=lambda cell: -cell["scores"][0])[:FINALISTS]:
        cell["scores"] += [score(cell, index) for index in range(1, config.tune_seeds)]
    return cells


def best(cells: list[dict[str, Any]]) -> dict[str, Any]:
    """Returns the cell with the highest mean score, among those that have run with all seeds."""
    seeds = max(len(cell["scores"]) for cell in cells)
    finalists = [cell for cell in cells if len(cell["scores"]) == seeds]
    return max(finalists, key=lambda cell: np.mean(cell["scores"]))


def coverage(points: np.ndarray, weights: tuple[float, ...]) -> float:
    """Returns the share of the mixture that samples cover, Σ min(share at a mode, its weight).

    This is a mean over the radii 0.1 and 0.3; 1 means the whole mixture. A generator that covers
    one mode gets the weight of that mode, however accurate its samples are.
    """
    shares = np.asarray(game.shares(jnp.asarray(points), (game.RADII[0], game.WIDE_RADIUS)))
    return float(np.mean(np.minimum(shares, np.asarray(weights)).sum(-1)))


def summarize(one: dict[str, Any]) -> dict[str, Any]:
    """Returns the part of a run that the JSON file contains.

    Samples are kept for seed 0 at several times, and at the end of the other seeds that the figure
    shows.
    """
    clouds = one.pop("clouds")
    wide = game.shares(jnp.asarray(clouds[-1]), (game.WIDE_RADIUS,))[0]
    one["by_eye"] = np.asarray(wide, float).round(3).tolist()
    one["shares"] = np.asarray(one["shares"]).round(4).tolist()
    if one["seed"] < NUM_SEEDS:
        last = np.linspace(0, len(clouds), NUM_CLOUDS + 1).round().astype(int)[1:] - 1
        shown = last[-1:] if one["seed"] else last
        one["clouds"] = {
            str(EVERY * (i + 1)): np.asarray(clouds[i]).round(3).tolist() for i in shown
        }
    return one
