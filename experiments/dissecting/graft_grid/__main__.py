"""Magnitude × direction: the norm of each of six rules' steps along each of the six, by layer.

    python -m experiments.dissecting.graft_grid             # eight Gaussians
    python -m experiments.dissecting.graft_grid --problem images --data ylecun/mnist
    python -m experiments.dissecting.graft_grid --redraw    # tables and figure, from the JSON

Every pair is tuned over the same 4 × 4 rates (min, max), a factor of four apart around a centre
in the units of its magnitude, on one tuning seed; then it runs on fresh seeds. On the diagonal
are the rules themselves. A finished run is not repeated, and pieces may end anywhere.
"""

import dataclasses
import itertools
import json
import math
from pathlib import Path
from typing import Any

import jax
import tyro

from experiments._shared.command import hardware, in_pieces, recorded
from experiments.dissecting.gan_runs.progress import Progress
from experiments.dissecting.gan_runs.runner import Workshop
from experiments.dissecting.gan_runs.training import Clock, Job
from experiments.dissecting.graft_grid import figure as graft_figure
from experiments.dissecting.graft_grid.rules import CENTRES, RULES, optimizer, unit
from minmax_jax import gan
from minmax_jax.gan.base.errors import check_name
from minmax_jax.gan.run import run_folder

RESULTS = Path(__file__).parents[2] / "results" / "dissecting" / "graft_grid"

PROBLEMS: dict[str, dict[str, Any]] = {
    # A ring of eight modes of standard deviation .05 at radius 2.
    "gaussians": {
        "data": "gaussians", "network": "mlp", "width": 64, "latent_dim": 2, "batch_size": 128,
        "ema_decay": 0.99, "tune_steps": 1000, "steps": 2000, "seeds": 5, "evaluate": 2000,
    },
    "images": {
        "data": "ylecun/mnist", "network": "dcgan", "width": 8, "latent_dim": 64,
        "batch_size": 32, "ema_decay": 0.99, "tune_steps": 300, "steps": 800, "seeds": 3,
        "evaluate": 2000,
    },
}  # fmt: skip
"""Problem -> the fields of `Config` that are not given; the loss is the non-saturating one."""


@dataclasses.dataclass(frozen=True)
class Config:
    """Six magnitudes along six directions, each pair tuned with the same budget."""

    problem: str = "gaussians"
    """gaussians or images; the fields left out are the problem's."""
    runs: str = "runs/graft_grid"
    """Folder of the runs; a finished run is not repeated."""
    rules: tuple[str, ...] = tuple(RULES)
    """Which rules."""
    piece_minutes: float = 120.0
    """Stop after so long, everything saved; the same command goes on. At most 120."""
    data: str | None = None
    """A hub name or folder that datasets.load_dataset reads, gaussians or digits."""
    network: str | None = None
    """As in minmax-jax train."""
    width: int | None = None
    """Hidden units, or channels next to the image."""
    latent_dim: int | None = None
    """Dimension of the generator's input."""
    batch_size: int | None = None
    """Examples in a batch."""
    ema_decay: float | None = None
    """Decay of the averaged generator, whose samples are judged."""
    tune_steps: int | None = None
    """Updates of a tuning run."""
    steps: int | None = None
    """Updates of a final run."""
    seeds: int | None = None
    """Final runs have the seeds 0, 1, ..."""
    evaluate: int | None = None
    """Samples judged at the end of a run."""
    tune_seed: int = 1000
    """Seed of the tuning runs."""
    powers: tuple[float, ...] = (-1.5, -0.5, 0.5, 1.5)
    """A grid's rates are the centre times four to these powers."""
    extractor: str = ""
    """In whose features images are judged; empty takes what suits the data."""


def settle(config: Config) -> Config:
    """Returns the configuration with the problem's values where none is given.

    Raises:
      ConfigError: a name is not known, or a number cannot be used.
    """
    check_name("problem", config.problem, PROBLEMS)
    for rule in config.rules:
        check_name("rules", rule, RULES)
    given = {f: v for f, v in dataclasses.asdict(config).items() if v is not None}
    config = Config(**{**PROBLEMS[config.problem], **given})
    for name, most in {"piece_minutes": 120, "seeds": config.tune_seed}.items():
        if not 0 < getattr(config, name) <= most:
            value = getattr(config, name)
            raise gan.ConfigError(f"{name}={value:g}: give more than 0, at most {most}")
    if not config.powers:
        raise gan.ConfigError("powers is empty; give at least one")
    return config


def workshop(config: Config) -> Workshop:
    """Returns what trains and judges; `config` is settled."""
    names = ("data", "network", "width", "latent_dim", "batch_size", "ema_decay", "evaluate")
    trained = gan.Config.from_flat(
        {**{n: getattr(config, n) for n in names}, "log_every": 50, "devices": 1}
    )
    pairs = {f"{m}-{d}": optimizer(m, d) for m, d in itertools.product(config.rules, repeat=2)}
    clock = Clock(config.piece_minutes)
    return Workshop(trained, pairs, Path(config.runs) / config.problem, clock,
                    extractor=config.extractor)  # fmt: skip


def badness(config: Config, outcome: dict[str, Any]) -> float:
    """What tuning makes small: the Fréchet distance, or minus modes and share of samples there."""
    scores = outcome["scores"]
    if config.problem == "gaussians":
        if outcome["diverged_at"] is not None or "modes_covered" not in scores:
            return math.inf
        return -(scores["modes_covered"] + scores["high_quality_share"])
    value = scores.get("frechet_distance")
    return math.inf if value is None or not math.isfinite(value) else value


def pair(config: Config, runner: Progress, magnitude: str, direction: str) -> dict[str, Any]:
    """Tunes one pair and runs its fresh seeds."""
    name = f"{magnitude}-{direction}"
    metrics = ("modes",) if config.problem == "gaussians" else ("frechet", "classes")
    if config.extractor:  # of pixels, say, which know no classes
        metrics = ("frechet",)

    def run(rates: tuple[float, float], seed: int, steps: int) -> dict[str, Any]:
        folder = f"{name}-{rates[0]:g}-{rates[1]:g}-s{seed}-{steps}"
        return runner.outcome(Job(folder, name, rates, seed, steps, config.evaluate or 0, metrics))

    low, high = (
        [float(f"{rate * 4**power:.3g}") for power in config.powers]
        for rate in CENTRES[config.problem][unit(magnitude)]
    )
    tuning = []
    for rates in itertools.product(low, high):
        value = badness(config, run(rates, config.tune_seed, config.tune_steps or 0))
        tuning.append({"rates": rates, "badness": value if math.isfinite(value) else None})
    best = min(tuning, key=lambda cell: math.inf if cell["badness"] is None else cell["badness"])
    final = [run(best["rates"], seed, config.steps or 0) for seed in range(config.seeds or 0)]
    return {"magnitude": magnitude, "direction": direction, "tuning": tuning,
            "best": best["rates"], "final": final}  # fmt: skip


def record(config: Config, path: Path) -> None:
    """Runs what is not there, and writes the JSON after each pair."""
    cells, seeds = len(config.powers) ** 2, config.seeds or 0
    count = len(config.rules) ** 2
    steps = cells * (config.tune_steps or 0) + seeds * (config.steps or 0)
    shop = workshop(config)
    runner = Progress(shop, count * (cells + seeds), count * steps,
                      lambda found: f"{badness(config, found):.3g}")  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    pairs = []
    for magnitude, direction in itertools.product(config.rules, repeat=2):
        pairs.append(pair(config, runner, magnitude, direction))
        result = {
            "config": {**dataclasses.asdict(config), "data": shop.data_name, "runs": None},
            "hardware": hardware(), "jax": jax.__version__, "pairs": pairs,
        }  # fmt: skip
        run_folder.write_atomically(path, json.dumps(result, indent=1, allow_nan=False) + "\n")


def main(config: Config, *, redraw: bool = False, out: Path = RESULTS) -> None:
    """The norm of each of six rules' steps along each of the six.

    Args:
      config: what is run.
      redraw: print the tables and draw the figure again from the JSON, without running.
      out: the folder of the JSON and the figure.
    """
    path = out / f"{config.problem}.json"
    with in_pieces():
        config = settle(config)
        if not redraw:
            record(config, path)
    if result := recorded(path, redraw=redraw):
        graft_figure.draw(result, path.with_suffix(".png"))
        print(graft_figure.table(result))


if __name__ == "__main__":
    tyro.cli(main, config=(tyro.conf.OmitArgPrefixes,))
