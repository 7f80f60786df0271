"""Four Gaussian modes: how many of them each method's generator reaches in 1,500 updates.

    python -m experiments.greedy.gaussians           # resumes where it stopped; hours on two cores
    python -m experiments.greedy.gaussians --redraw  # table and figures again, from the JSON

Three groups of runs: at the authors' rates on their mixture (0, 1 carries weight 2/5); at tuned
rates on that; at the same tuned rates with equal weights. Each method's 3 × 3 rates are tuned
with the same runs on seeds of their own, and what is on the disk already is not run again.
"""

import dataclasses
import json
import os
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import tyro

from experiments.greedy.gaussians import figure as gaussians_figure
from experiments.greedy.gaussians import game
from experiments.greedy.gaussians import table as gaussians_table
from experiments.greedy.gaussians.methods import METHODS, PUBLISHED
from experiments.greedy.gaussians.run import EVERY, run_one

RESULTS = Path(__file__).parents[2] / "results" / "greedy" / "gaussians"
GROUPS = {"published": "stated", "tuned": "stated", "equal": "equal"}
"""Group -> mixture."""
TIMES = 5
"""At so many times the figure shows the samples."""
FINALISTS = 3
"""Cells of the tuning that all of its seeds see."""


@dataclasses.dataclass(frozen=True)
class Config:
    """Tune the rates of every method with one budget, then run all seeds."""

    runs: str = "runs/greedy/gaussians"
    """Folder of the single runs, one JSON each; what is there is not run again."""
    batch: int = 512
    """Real and generated examples in a batch."""
    draws: str = "fresh"
    """fresh: each step of an update on its own batch; common: all on one, which costs half."""
    steps: int = 1500
    """Updates of a run, a multiple of 100."""
    seeds: int = 20
    """Seeds 0, 1, ... of the final runs."""
    tune_steps: int = 1500
    """Updates of a tuning run, a multiple of 100; modes come late, so as many as of a final one."""
    tune_seeds: int = 3
    """Seeds 1000, 1001, ... of the tuning: the first for all nine cells, all for the best three."""
    methods: tuple[str, ...] = tuple(METHODS)
    """Which methods."""
    groups: tuple[str, ...] = tuple(GROUPS)
    """Which groups: published, tuned, equal."""

    def check(self) -> None:
        for name, value in (("steps", self.steps), ("tune_steps", self.tune_steps)):
            if value < EVERY or value % EVERY:
                raise SystemExit(f"{name}={value} must be a multiple of {EVERY}")
        known = {"methods": METHODS, "groups": GROUPS}
        for name, names in known.items():
            if unknown := set(getattr(self, name)) - set(names):
                raise SystemExit(f"{name}: {', '.join(unknown)} unknown; take {', '.join(names)}")
        if self.draws not in ("fresh", "common"):
            raise SystemExit(f"draws={self.draws!r} must be fresh or common")


def piece(
    config: Config, method: str, rates: tuple[float, float], mixture: str, seed: int, steps: int
) -> dict[str, Any]:
    """One run, from the disk if it is there."""
    folder = Path(config.runs) / f"batch{config.batch}-{config.draws}"
    path = folder / f"{method}-{mixture}-{rates[0]:g}-{rates[1]:g}-s{seed}-{steps}.json"
    if not path.exists():
        sizes = game.Sizes(batch=config.batch)
        found = run_one(method, sizes, config.draws, rates, mixture, seed, steps)
        folder.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_text(json.dumps(found))
        part.replace(path)
        print(path.name, np.asarray(found["shares"][-1][0]), flush=True)
    return json.loads(path.read_text())


def tune(config: Config, method: str) -> list[dict[str, Any]]:
    """The scores of each cell, one a seed: of all nine on the first, of the best three on all."""

    def score(cell: dict[str, Any], index: int) -> float:
        rates = tuple(cell["rates"])
        end = piece(config, method, rates, "stated", 1000 + index, config.tune_steps)["clouds"][-1]
        return round(coverage(np.asarray(end), game.WEIGHTS["stated"]), 3)

    cells = [{"rates": list(rates)} for rates in METHODS[method].cells()]
    for cell in cells:
        cell["scores"] = [score(cell, 0)]
    for cell in sorted(cells, key=lambda cell: -cell["scores"][0])[:FINALISTS]:
        cell["scores"] += [score(cell, index) for index in range(1, config.tune_seeds)]
    return cells


def best(cells: list[dict[str, Any]]) -> dict[str, Any]:
    """The cell of the highest mean score among those that all seeds have seen."""
    seeds = max(len(cell["scores"]) for cell in cells)
    finalists = [cell for cell in cells if len(cell["scores"]) == seeds]
    return max(finalists, key=lambda cell: np.mean(cell["scores"]))


def coverage(points: np.ndarray, weights: tuple[float, ...]) -> float:
    """Σ min(share at a mode, its weight), the mean over the radii 0.1 and 0.3: 1 is the mixture.

    A generator that sits on one mode has its weight and no more, however exactly it sits there.
    """
    found = np.asarray(game.shares(jnp.asarray(points), (game.RADII[0], game.BY_EYE)))
    return float(np.mean(np.minimum(found, np.asarray(weights)).sum(-1)))


def run(config: Config) -> dict[str, Any]:
    """All runs, a few seeds of every method before the next few, and what the JSON holds."""
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
                one = piece(config, method, rates, GROUPS[group], seed, config.steps)
                found.setdefault(group, {}).setdefault(method, []).append(kept(one))
    return {
        "config": {**dataclasses.asdict(config), "runs": None},  # where they are changes no number
        "hardware": f"{os.cpu_count()} CPU cores",
        "jax": jax.__version__,
        "tuning": tuning,
        "groups": found,
    }


def kept(one: dict[str, Any]) -> dict[str, Any]:
    """What the JSON holds of a run; of clouds, those of seed 0 that the figure shows."""
    clouds = one.pop("clouds")
    seen = game.shares(jnp.asarray(clouds[-1]), (game.BY_EYE,))[0]
    one["by_eye"] = np.asarray(seen, float).round(3).tolist()
    one["shares"] = np.asarray(one["shares"]).round(4).tolist()
    if not one["seed"]:
        looks = np.linspace(0, len(clouds), TIMES + 1).round().astype(int)[1:] - 1
        one["clouds"] = {str(EVERY * (look + 1)): rounded(clouds[look]) for look in looks}
    return one


def rounded(points: Any) -> list[list[float]]:
    return np.asarray(points).round(3).tolist()


def main(config: Config, *, redraw: bool = False, out: Path = RESULTS) -> None:
    """How many of four Gaussian modes each method's generator reaches.

    Args:
      config: what is run.
      redraw: print the tables and draw the figures again from the JSON, without running.
      out: the folder of the JSON and the figures.
    """
    path = out / "gaussians.json"
    if not redraw:
        config.check()
        result = run(config)
        out.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(result, allow_nan=False) + "\n")
    result = json.loads(path.read_text())
    gaussians_figure.draw(result, out)
    print(gaussians_table.table(result))


if __name__ == "__main__":
    tyro.cli(main, config=(tyro.conf.OmitArgPrefixes,))
