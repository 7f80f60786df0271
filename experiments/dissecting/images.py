"""MNIST by a DCGAN: four methods, their rates tuned on the same relative grid, then fresh seeds.

    python -m experiments.dissecting.images --data ylecun/mnist  # resumes where it stopped
    python -m experiments.dissecting.images --redraw             # the figure, from the JSON

`--data` takes a folder too, as datasets.load_dataset does. Each method's 3 × 3 grid over
(generator, discriminator) rates has the same factors around a centre in the method's own units,
at which a first step is about as long as Adam's at 4e-4; the rates with the lowest Fréchet
distance at the end of a short run win. Seeds of the tuning and of the final runs differ.
"""

import concurrent.futures
import dataclasses
import itertools
import json
import math
import multiprocessing
import os
import platform
import statistics
from pathlib import Path
from typing import Any

import jax
import tyro

from experiments.dissecting import images_figure
from experiments.scores import headline
from minmax_jax import gan
from minmax_jax.gan import data, features

RESULTS = Path(__file__).parents[1] / "results" / "dissecting"
CENTRES = {"sgda": 1e-2, "nsgda": 1e-2, "ada_nsgda": 4e-4, "adam_gda": 4e-4}
"""Method -> centre of its grid. Units differ: nsgda's rate is the length of a layer's step."""


@dataclasses.dataclass(frozen=True)
class Config:
    """Tune the rates of every method with one budget, then train with the best on fresh seeds."""

    data: str = "ylecun/mnist"
    """A hub name or folder that datasets.load_dataset reads."""
    runs: str = "runs/images"
    """Folder of the runs; finished runs are not repeated, a broken one is resumed."""
    factor: float = 5.0
    """Ratio between neighbouring rates of a grid."""
    tune_steps: int = 1000
    """Updates of a tuning run."""
    tune_seed: int = 1000
    """Seed of every tuning run."""
    steps: int = 4000
    """Updates of a final run."""
    seeds: tuple[int, ...] = (0, 1)
    """Seeds of the final runs."""
    evaluate: int = 5000
    """Samples drawn at the end of a run to measure its quality."""
    workers: int = 2
    """Runs at a time."""
    redraw: bool = False
    """Only draw the figure again, from the JSON."""


def grid(method: str, factor: float) -> list[tuple[float, float]]:
    """Returns the nine (min, max) rates of a method."""
    rates = [float(f"{CENTRES[method] * factor**power:.3g}") for power in (-1, 0, 1)]
    return list(itertools.product(rates, rates))


def train_one(
    config: Config, method: str, rates: tuple[float, float], seed: int, steps: int
) -> dict[str, Any]:
    """Trains one run and returns its summary; in a process of its own.

    A run that stops at a number that is not finite is one of the results: nothing in its
    summary.
    """
    folder = Path(config.runs) / f"{method}-{rates[0]:g}-{rates[1]:g}-s{seed}-{steps}"
    try:
        run = gan.train(
            gan.preset(
                "mnist", data=config.data, optimizer=method, out=str(folder),
                learning_rate_min=rates[0], learning_rate_max=rates[1], seed=seed, steps=steps,
                evaluate=config.evaluate, devices=1, checkpoint_every=1000,
            )
        )  # fmt: skip
    except gan.NonFinite as error:
        print(f"{folder}: {error}", flush=True)
        return {**headline({}), "folder": str(folder), "steps_per_second": None}
    speed = statistics.median(r["steps_per_second"] for r in run.metrics if "steps_per_second" in r)
    return {**headline(run.summary), "folder": str(run.folder), "steps_per_second": speed}


def distance(summary: dict[str, Any]) -> float:
    """The Fréchet distance of a run; infinite where it has none."""
    value = summary["frechet_distance"]
    return math.inf if value is None or not math.isfinite(value) else value


def run(config: Config) -> dict[str, Any]:
    """Tunes, then trains; the runs of a stage go side by side."""
    features.classifier(data.load(config.data), print)  # once, before two runs would ask for it
    spawn = multiprocessing.get_context("spawn")  # a forked XLA hangs
    with concurrent.futures.ProcessPoolExecutor(config.workers, mp_context=spawn) as pool:
        cells = [(m, rates) for m in CENTRES for rates in grid(m, config.factor)]
        jobs = [pool.submit(train_one, config, m, rates, config.tune_seed, config.tune_steps)
                for m, rates in cells]  # fmt: skip
        tuning: dict[str, list[dict[str, Any]]] = {m: [] for m in CENTRES}
        for (method, rates), job in zip(cells, jobs, strict=True):
            tuning[method].append({"rates": rates, **job.result()})
            print(f"tuned {method} {rates}: {distance(tuning[method][-1]):.1f}", flush=True)
        best = {m: min(found, key=distance)["rates"] for m, found in tuning.items()}
        jobs = {m: [pool.submit(train_one, config, m, best[m], seed, config.steps)
                    for seed in config.seeds] for m in CENTRES}  # fmt: skip
        final = {m: [job.result() for job in waiting] for m, waiting in jobs.items()}
    return {
        "config": dataclasses.asdict(config),
        "command": f"python -m experiments.dissecting.images --data {config.data}",
        "hardware": f"{os.cpu_count()} CPU cores ({platform.machine()})",
        "jax": jax.__version__,
        "tuning": tuning,
        "best": best,
        "final": final,
    }


def describe(result: dict[str, Any]) -> str:
    """The table for `experiments/README.md`."""
    lines = ["| method | best rates (min, max) | on the edge | Fréchet distances | classes |",
             "|---|---|---|---|---|"]  # fmt: skip
    for method, found in result["final"].items():
        low, high = result["best"][method]
        ends = {grid(method, result["config"]["factor"])[i][0] for i in (0, -1)}
        edge = [name for name, rate in (("min", low), ("max", high)) if rate in ends]
        distances = ", ".join(f"{distance(summary):.1f}" for summary in found)
        classes = ", ".join(str(summary["classes_covered"]) for summary in found)
        lines.append(f"| `{method}` | {low:g}, {high:g} | {' and '.join(edge) or 'no'} "
                     f"| {distances} | {classes} |")  # fmt: skip
    return "\n".join(lines)


def main(config: Config) -> None:
    """Runs, writes `images.json` and draws `images.png`."""
    path = RESULTS / "images.json"
    if not config.redraw:
        result = run(config)
        grids = {
            m: Path(found[0]["folder"]) / "samples.png" for m, found in result["final"].items()
        }
        RESULTS.mkdir(parents=True, exist_ok=True)
        for method, source in grids.items():
            (RESULTS / f"images-{method}.png").write_bytes(source.read_bytes())
        path.write_text(json.dumps(result, indent=1) + "\n")
    result = json.loads(path.read_text())
    images_figure.draw(result, RESULTS).savefig(RESULTS / "images.png", dpi=110)
    print(describe(result))


if __name__ == "__main__":
    main(tyro.cli(Config, description=__doc__))
