"""How far does Adam's magnitude ‖A_k‖ move, and what is lost where something simpler stands in?

    python -m experiments.dissecting.magnitude --data ylecun/mnist   # resumes where it stopped
    python -m experiments.dissecting.magnitude --redraw              # from the JSON

A run of Adam on a seed of its own gives each layer's length along training. Fresh seeds then train
with Adam's own magnitude, with that run's mean, with the running mean of the run itself, and with
a piecewise linear schedule fitted to the first run: along Adam's direction, and along the
gradient's. All at Adam's learning rates, those that `images` has chosen unless given.
"""

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import jax
import numpy as np
import tyro

import minmax_jax as mm
from experiments._shared.command import hardware, in_pieces, recorded
from experiments.dissecting.gan_runs.progress import Progress
from experiments.dissecting.gan_runs.runner import Workshop
from experiments.dissecting.gan_runs.training import Clock, Job
from experiments.dissecting.images import config as images_config
from experiments.dissecting.images.__main__ import RESULTS as IMAGES
from experiments.dissecting.images.tuning import shown
from experiments.dissecting.magnitude import figure as magnitude_figure
from experiments.dissecting.magnitude.rules import fit_knots, optimizers, read_lengths
from minmax_jax import gan
from minmax_jax.gan.run import run_folder

RESULTS = Path(__file__).parents[2] / "results" / "dissecting" / "magnitude"


@dataclasses.dataclass(frozen=True)
class Config:
    """Adam's magnitude along training, and what may stand in for it."""

    data: str = "ylecun/mnist"
    """A hub name or folder that datasets.load_dataset reads, or digits."""
    runs: str = "runs/magnitude"
    """Folder of the runs; a finished run is not repeated."""
    piece_minutes: float = 120.0
    """Stop after so long, everything saved; the same command goes on. At most 120."""
    rates: tuple[float, float] | None = None
    """(min, max) learning rates; those chosen for Adam by images unless given."""
    network: str = "dcgan"
    """As in minmax-jax train."""
    width: int = 8
    """Channels next to the image."""
    latent_dim: int = 64
    """Dimension of the generator's input."""
    batch_size: int = 32
    """Images in a batch."""
    steps: int = 2000
    """Updates of a run."""
    seeds: int = 3
    """Seeds 0, 1, ..."""
    first_seed: int = 1000
    """Seed of the run whose lengths are the mean and the schedule."""
    knots: int = 8
    """Knots of the schedule."""
    log_every: int = 10
    """Updates between two lengths."""
    evaluate: int = 5000
    """Samples judged at the end of a run."""
    extractor: str = ""
    """In whose features: classifier, pixels, inception; empty takes what suits the data."""


def settle(config: Config) -> Config:
    """Returns the configuration with learning rates.

    Raises:
      ConfigError: there are none yet, or a number cannot be used.
    """
    for name, most in {"piece_minutes": 120, "seeds": config.first_seed, "knots": 100}.items():
        if not 0 < getattr(config, name) <= most:
            value = getattr(config, name)
            raise gan.ConfigError(f"{name}={value:g}: give more than 0, at most {most}")
    if config.knots < 2 or config.steps < 2 * config.log_every * config.knots:
        raise gan.ConfigError(
            f"knots={config.knots}, steps={config.steps}: give at least two knots, and updates for "
            "two lengths between each two of them"
        )
    path = IMAGES / "cpu.json"
    if config.rates is None and path.exists():
        found = json.loads(path.read_text())["methods"].get("adam_gda")
        if found:
            return dataclasses.replace(config, rates=tuple(found["best"]))
    if config.rates is None:
        raise gan.ConfigError("rates: images has chosen none for Adam yet; give --rates MIN MAX")
    return config


def workshop(config: Config, knots: mm.Players | None, clock: Clock) -> Workshop:
    """Returns what trains and judges; `config` is settled."""
    names = ("data", "network", "width", "latent_dim", "batch_size", "evaluate", "extractor")
    same = {name: getattr(config, name) for name in names}
    size = images_config.settle(images_config.Config(**same, log_every=config.log_every))
    assert size.b2 is not None
    return Workshop(
        images_config.trained(size), optimizers(size.b1, size.b2, config.steps, knots),
        folder(config), clock, extractor=config.extractor, read=read_lengths,
    )  # fmt: skip


def folder(config: Config) -> Path:
    """Where the runs are; the lengths that they follow hang on the first seed and the knots."""
    return Path(config.runs) / f"first{config.first_seed}-knots{config.knots}"


def job(config: Config, method: str, seed: int) -> Job:
    assert config.rates is not None
    return Job(f"{method}-s{seed}", method, config.rates, seed, config.steps, config.evaluate,
               ("frechet",))  # fmt: skip


def lengths(shop: Workshop, one: Job) -> mm.Players:
    """Returns Adam's lengths along a run: `Players` of `(lines, leaves)`."""
    lines = shop.metrics(one)
    return mm.Players(*(np.array([line[f"lengths_{s}"] for line in lines]) for s in ("min", "max")))


def movement(values: np.ndarray) -> list[dict[str, float]]:
    """How far each layer's length moves, `(lines, leaves)`, after the first twentieth of the run.

    All in units of the layer's mean: standard deviation, 5 and 95 % quantiles, and how far the
    mean of the last fifth lies from that of the first.
    """
    kept = values[len(values) // 20 :]
    fifth = max(1, len(kept) // 5)
    return [
        {
            "mean": float(one.mean()),
            "deviation": float(one.std() / one.mean()),
            "low": float(np.quantile(one, 0.05) / one.mean()),
            "high": float(np.quantile(one, 0.95) / one.mean()),
            "last_to_first": float(one[-fifth:].mean() / one[:fifth].mean()),
        }
        for one in kept.T
    ]


def layers(shop: Workshop) -> list[list[dict[str, Any]]]:
    """Name and number of parameters of each leaf, by player."""
    pair = shop.trainer.pair
    return [
        [{"name": jax.tree_util.keystr(path, simple=True, separator="/"), "size": int(leaf.size)}
         for path, leaf in jax.tree_util.tree_leaves_with_path(network.params)]
        for network in (pair.generator, pair.discriminator)
    ]  # fmt: skip


def record(config: Config, path: Path) -> None:
    """Runs what is not there; the JSON is written after each seed of all methods."""
    clock = Clock(config.piece_minutes)
    first, one = workshop(config, None, clock), job(config, "own-adam", config.first_seed)
    Progress(first, 1, config.steps, shown).outcome(one)
    curves = lengths(first, one)
    if not all(len(side) and np.isfinite(side).all() and (side > 0).all() for side in curves):
        raise gan.ConfigError(f"rates={config.rates}: Adam diverged or stood still; give others")
    knots = mm.Players(*(fit_knots(side, config.knots) for side in curves))
    shop = workshop(config, knots, clock)
    methods = list(optimizers(0.5, 0.999, config.steps, knots))
    total = len(methods) * config.seeds
    runner = Progress(shop, total, total * config.steps, shown)
    path.parent.mkdir(parents=True, exist_ok=True)
    found: dict[str, list[float | None]] = {method: [] for method in methods}
    moved = []
    for seed in range(config.seeds):
        for method in methods:
            value = runner.outcome(job(config, method, seed))["scores"].get("frechet_distance")
            found[method].append(value if value is not None and math.isfinite(value) else None)
        own = lengths(shop, job(config, "own-adam", seed))
        moved.append([movement(side) for side in own])
        result = {
            "config": {**dataclasses.asdict(config), "data": shop.data_name, "runs": None},
            "hardware": hardware(), "jax": jax.__version__, "layers": layers(shop),
            "curves": [side.round(5).tolist() for side in curves],
            "knots": [side.round(5).tolist() for side in knots],
            "movement": moved, "distances": found, "seeds_done": seed + 1,
        }  # fmt: skip
        run_folder.write_atomically(path, json.dumps(result, indent=1, allow_nan=False) + "\n")


def main(config: Config, *, redraw: bool = False, out: Path = RESULTS) -> None:
    """Adam's magnitude along training, and what may stand in for it.

    Args:
      config: what is run.
      redraw: print the tables and draw the figure again from the JSON, without running.
      out: the folder of the JSON and the figure.
    """
    path = out / "magnitude.json"
    with in_pieces():
        if not redraw:
            record(settle(config), path)
    if result := recorded(path, redraw=redraw):
        magnitude_figure.draw(result, path.with_suffix(".png"))
        print(magnitude_figure.table(result))


if __name__ == "__main__":
    tyro.cli(main, config=(tyro.conf.OmitArgPrefixes,))
