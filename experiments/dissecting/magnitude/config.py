"""Configuration of the experiment on Adam's update norm."""

import dataclasses
import json

from experiments._shared.checks import check_ranges
from experiments._shared.command import RESULTS
from experiments.dissecting.gan_runs.config import RunFields
from minmax_jax import gan

IMAGES = RESULTS / "dissecting" / "images"
"""Folder of the result that gives the default learning rates."""


@dataclasses.dataclass(frozen=True)
class Config(RunFields):
    """Measure Adam's update norm along training, and test replacements for it."""

    data: str | None = "ylecun/mnist"
    """Data set: a Hugging Face name or a folder that datasets.load_dataset reads, or digits."""
    runs: str = "runs/magnitude"
    """Folder of the runs. Finished runs are not repeated."""
    rates: tuple[float, float] | None = None
    """Learning rates (min, max). Default: the ones that images has chosen for Adam."""
    network: str | None = "dcgan"
    """Networks, as in minmax-jax train."""
    width: int | None = 8
    """Channels of the convolution next to the image."""
    latent_dim: int | None = 64
    """Dimension of the latent vectors."""
    batch_size: int | None = 32
    """Images per batch."""
    steps: int | None = 2000
    """Updates per run."""
    seeds: int | None = 3
    """Number of runs per method, with seeds 0, 1, ..."""
    evaluate: int | None = 5000
    """Samples to evaluate at the end of a run."""
    first_seed: int = 1000
    """Seed of the run that gives the mean norm and the schedule."""
    knots: int = 8
    """Knots of the schedule."""
    log_every: int = 10
    """Updates between two records of the norms."""


def resolve_defaults(config: Config) -> Config:
    """Returns the configuration with learning rates.

    Raises:
      ConfigError: If there are no learning rates yet, or a number is out of range.
    """
    # Seeds of the compared runs lie below that of the first run.
    check_ranges(config, {"time_limit": 120, "seeds": config.first_seed, "knots": 100})
    if config.knots < 2 or (config.steps or 0) < 2 * config.log_every * config.knots:
        raise gan.ConfigError(
            f"knots={config.knots}, steps={config.steps}: give at least two knots, and enough "
            "updates for two records per knot"
        )
    if config.rates is not None:
        return config
    path = IMAGES / "cpu.json"
    methods = json.loads(path.read_text())["methods"] if path.exists() else {}
    if "adam_gda" not in methods:
        raise gan.ConfigError("rates: images has chosen none for Adam yet; give --rates MIN MAX")
    low, high = methods["adam_gda"]["best"]
    return dataclasses.replace(config, rates=(low, high))
