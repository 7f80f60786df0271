"""Suite `quality`: updates, oracle calls and seconds to a target score.

All optimizers use the same grid of learning rates and the same tuning seeds. The learning rate
that reaches the target first (or, if none does, ends with the best score) is run again with
other seeds, which are reported. A run has a maximum number of updates and of oracle calls, so
an optimizer with expensive updates gets fewer of them. Every run is stored in one JSON file
and is not repeated.

There are two problems: covering all eight Gaussian modes with an MLP, and a Fréchet distance
in the features of a classifier with a small DCGAN, on scikit-learn's digits or another image
dataset (`--data`).
"""

import dataclasses
import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jax
import numpy as np

import minmax_jax as mm
from benchmarks import quality_report, quality_run
from experiments._shared.files import write_atomically

METHODS = tuple(mm.optimizers)
"""All optimizers. Each one is used with its default arguments."""


def problems(data: str) -> dict[str, quality_run.Problem]:
    """Returns the problems by name; `data` is an image dataset, or empty for the digits."""
    small = {"network": "dcgan", "width": 8, "latent_dim": 16, "batch_size": 32}
    images = quality_run.Problem(
        "digits", small, "frechet_distance", target=50.0, steps=1000, every=100, samples=1000
    )
    if data:
        # As in `experiments.dissecting.images`, where Adam reaches 110 in 2,000 updates.
        images = images._replace(fields={**small, "data": data, "latent_dim": 64}, target=150.0)
    return {
        "gaussians": quality_run.Problem(
            "gaussians",
            {"width": 64, "batch_size": 128},
            "modes_missed",
            target=0,
            steps=4000,
            every=250,
            samples=2000,
        ),
        "images" if data else "digits": images,
    }


@dataclasses.dataclass(frozen=True)
class Config:
    """Optimizers, learning rates and seeds."""

    methods: tuple[str, ...] = METHODS
    learning_rates: tuple[float, ...] = (1e-4, 1e-3, 1e-2, 1e-1)
    tuning_seeds: tuple[int, ...] = (100,)
    seeds: tuple[int, ...] = (0, 1, 2)
    data: str = ""
    steps: int | None = None  # maximum number of updates; None: that of the problem
    runs: Path = Path("quality-runs")  # relative to the folder of results


QUICK = Config(methods=("adam_gda",), learning_rates=(1e-3,), seeds=(0,), steps=250)


def run(config: Config, note: Callable[[str], None]) -> dict[str, Any]:
    """Performs all runs that are not stored yet, and returns the record."""
    found: dict[str, Any] = {}
    for name, problem in problems(config.data).items():
        if config.steps:
            problem = problem._replace(steps=config.steps)
        programs = _Programs(problem)
        rows = {}
        for method in config.methods:
            note(f"quality: {name}, {method}")
            rows[method] = dict(measure(config, programs, name, method))
        found[name] = {"problem": problem.to_json(), "methods": rows}
        jax.clear_caches()
    # The locations of data and runs do not affect the results.
    described = {**dataclasses.asdict(config), "data": Path(config.data).name, "runs": ""}
    return {"config": described, "problems": found}


class _Programs:
    """Loads the data and compiles an optimizer only if a run is missing."""

    def __init__(self, problem: quality_run.Problem) -> None:
        self.problem = problem
        self._bench: quality_run.Bench | None = None
        self._compiled: tuple[str, quality_run.Trained] | None = None

    def __call__(self, method: str) -> quality_run.Trained:
        self._bench = self._bench or quality_run.Bench(self.problem)
        if self._compiled is None or self._compiled[0] != method:
            self._compiled = method, self._bench.compile(method)
        return self._compiled[1]


def measure(
    config: Config, programs: _Programs, name: str, method: str
) -> Iterator[tuple[str, Any]]:
    """Yields the cost, the tuning runs, the selected learning rate and its runs."""
    cost = quality_run.cost_per_update(method)
    problem = programs.problem.limit_calls(cost)

    def run_once(learning_rate: float, seed: int) -> dict[str, Any]:
        described = json.dumps([problem._asdict(), method, learning_rate, seed], sort_keys=True)
        path = config.runs / f"{name}-{method}-{learning_rate:g}-{seed}.json"
        if path.exists() and (stored := json.loads(path.read_text()))["of"] == described:
            return stored["run"]
        result = quality_run.run(programs(method), problem, learning_rate, seed)
        write_atomically(path, json.dumps({"of": described, "run": result}))
        return result

    grid = itertools.product(config.learning_rates, config.tuning_seeds)
    tuning = [run_once(learning_rate, seed) for learning_rate, seed in grid]
    selected = select_learning_rate(tuning)
    yield "cost", cost
    yield "tuning", tuning
    yield "learning_rate", selected
    yield "runs", [run_once(selected, seed) for seed in config.seeds]


def select_learning_rate(tuning: list[dict[str, Any]]) -> float:
    """Returns the learning rate that reaches the target most often.

    Ties are broken by the number of updates, then by the final score.
    """

    def rank(learning_rate: float) -> tuple[float, ...]:
        runs = [run for run in tuning if run["learning_rate"] == learning_rate]
        reached = [run["reached"] for run in runs if run["reached"]]
        last = [np.inf if run["curve"][-1][1] is None else run["curve"][-1][1] for run in runs]
        return -len(reached), sum(reached), float(np.mean(last))

    return min(dict.fromkeys(run["learning_rate"] for run in tuning), key=rank)


report, draw = quality_report.report, quality_report.draw
