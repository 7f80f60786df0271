"""Suite `quality`: updates, field evaluations and seconds until a GAN is good, by every method.

Every method gets the same grid of rates and the same tuning seeds; the rate that is good
soonest there (if none is, the one that ends best) is run from other seeds, and those are
reported. A run has so many updates, and at most three times as many oracle calls: a method that
asks for more in an update gets fewer of them. Every run is one JSON file: what is there is not
run again.

Two problems: all eight Gaussian modes covered (an MLP), and a Fréchet distance in the features
of a classifier (a small DCGAN) on scikit-learn's digits, or with `--data` on any set of images.
"""

import dataclasses
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jax
import numpy as np

import minmax_jax as mm
from benchmarks import quality_report, quality_run

METHODS = tuple(name for name in mm.optimizers if name != "greedy")  # greedy_adam's other name
"""Every optimizer of the trainer; none needs an argument besides the rate."""


def problems(data: str) -> dict[str, quality_run.Problem]:
    """Returns name -> problem; `data` is a set of images, empty for the digits."""
    small = {"network": "dcgan", "width": 8, "latent_dim": 16, "batch_size": 32}
    images = quality_run.Problem(
        "digits", small, "frechet_distance", target=50.0, steps=1000, every=100, samples=1000
    )
    if data:
        # As in `experiments.dissecting.images`, where Adam comes to 110 in 2,000 updates.
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
    """Methods, and what each is given."""

    methods: tuple[str, ...] = METHODS
    rates: tuple[float, ...] = (1e-4, 1e-3, 1e-2, 1e-1)
    tuning_seeds: tuple[int, ...] = (100,)
    seeds: tuple[int, ...] = (0, 1, 2)
    data: str = ""
    steps: int | None = None  # at most, in place of the problem's own
    runs: Path = Path("quality-runs")  # in the folder of results


QUICK = Config(methods=("adam_gda",), rates=(1e-3,), seeds=(0,), steps=250)


def run(config: Config, note: Callable[[str], None]) -> dict[str, Any]:
    """Trains what has not been trained yet."""
    found: dict[str, Any] = {}
    for name, problem in problems(config.data).items():
        if config.steps:
            problem = problem._replace(steps=config.steps)
        lazy = _Lazy(problem)
        rows = {}
        for method in config.methods:
            note(f"quality: {name}, {method}")
            rows[method] = dict(measure(config, lazy, name, method))
        found[name] = {"problem": problem.described(), "methods": rows}
        jax.clear_caches()
    # Where data and runs are is of no effect on the numbers.
    described = {**dataclasses.asdict(config), "data": Path(config.data).name, "runs": ""}
    return {"config": described, "problems": found}


class _Lazy:
    """Reads data and compiles a method only where a run is missing."""

    def __init__(self, problem: quality_run.Problem) -> None:
        self.problem = problem
        self._bench: quality_run.Bench | None = None
        self._compiled: tuple[str, quality_run.Trained] | None = None

    def __call__(self, method: str) -> quality_run.Trained:
        self._bench = self._bench or quality_run.Bench(self.problem)
        if self._compiled is None or self._compiled[0] != method:
            self._compiled = method, self._bench.compile(method)
        return self._compiled[1]


def measure(config: Config, lazy: _Lazy, name: str, method: str) -> Iterator[tuple[str, Any]]:
    """Yields the tuning runs, the rate that they chose, and the runs at that rate."""
    price = quality_run.price(method)
    problem = lazy.problem.affordable(price)

    def once(rate: float, seed: int) -> dict[str, Any]:
        described = json.dumps([problem._asdict(), method, rate, seed], sort_keys=True)
        path = config.runs / f"{name}-{method}-{rate:g}-{seed}.json"
        if path.exists() and (kept := json.loads(path.read_text()))["of"] == described:
            return kept["run"]
        made = quality_run.run(lazy(method), problem, rate, seed)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_text(json.dumps({"of": described, "run": made}))
        part.replace(path)
        return made

    tuning = [once(rate, seed) for rate in config.rates for seed in config.tuning_seeds]
    rate = choose(tuning)
    yield "price", price
    yield "tuning", tuning
    yield "rate", rate
    yield "runs", [once(rate, seed) for seed in config.seeds]


def choose(tuning: list[dict[str, Any]]) -> float:
    """Returns the rate that reaches the target most often, then soonest, then ends lowest."""

    def worth(rate: float) -> tuple[float, ...]:
        mine = [one for one in tuning if one["rate"] == rate]
        reached = [one["reached"] for one in mine if one["reached"]]
        last = [np.inf if one["curve"][-1][1] is None else one["curve"][-1][1] for one in mine]
        return -len(reached), sum(reached), float(np.mean(last))

    return min(dict.fromkeys(one["rate"] for one in tuning), key=worth)


report, draw = quality_report.report, quality_report.draw
