"""Command-line fields that all experiments on GAN runs share."""

import dataclasses
from typing import Any

from minmax_jax import gan

MAX_AT_ONCE = 64
"""Largest number of runs in one program, as in sweeps of the library."""


@dataclasses.dataclass(frozen=True)
class RunFields:
    """Fields of every experiment that trains GAN runs; None takes a documented default."""

    time_limit: float = 120.0
    """Stop after this many minutes (at most 120) and save; run again to continue."""
    data: str | None = None
    """Data set: a Hugging Face name or a folder that datasets.load_dataset reads, gaussians or digits."""  # noqa: E501
    network: str | None = None
    """Networks, as in minmax-jax train: dcgan, resnet, mlp, ..."""
    width: int | None = None
    """Hidden units, or channels of the convolution next to the image."""
    latent_dim: int | None = None
    """Dimension of the latent vectors."""
    batch_size: int | None = None
    """Examples per batch."""
    steps: int | None = None
    """Updates per final run."""
    seeds: int | None = None
    """Number of final runs per method, with seeds 0, 1, ..."""
    evaluate: int | None = None
    """Samples to evaluate at the end of a final run."""
    extractor: str = ""
    """Feature extractor: classifier, pixels or inception. Default: the one that suits the data."""


@dataclasses.dataclass(frozen=True)
class TuningFields(RunFields):
    """Fields of the experiments that tune learning rates."""

    ema_decay: float | None = None
    """Decay of the averaged generator, whose samples are evaluated."""
    tune_steps: int | None = None
    """Updates per tuning run."""
    tune_seed: int = 1000
    """First seed of the tuning runs."""
    runs_at_once: int = 0
    """Runs that train together in one vmapped program; 1: one after another. Default 0: one after another on CPU, and the faster of 1 and 8 on accelerators."""  # noqa: E501


def fill_missing(config: Any, defaults: dict[str, Any]) -> Any:
    """Returns the configuration with `defaults` in place of fields that are None."""
    missing = {name: value for name, value in defaults.items() if getattr(config, name) is None}
    return dataclasses.replace(config, **missing)


def library_config(config: Any, *more: str, **flat: Any) -> gan.Config:
    """Returns the library's configuration of every run of an experiment.

    Args:
      config: Experiment configuration without missing values.
      *more: Further fields to copy.
      **flat: Further values, by flat name.
    """
    names = ("data", "network", "width", "latent_dim", "batch_size", "ema_decay", *more)
    fields = {name: getattr(config, name) for name in names}
    return gan.Config.from_flat({**fields, "evaluate": config.evaluate, "devices": 1, **flat})


def check_runs_at_once(value: int) -> None:
    """Checks the number of runs that train together.

    Raises:
      ConfigError: If it is out of range.
    """
    if not 0 <= value <= MAX_AT_ONCE:
        raise gan.ConfigError(
            f"runs_at_once={value} is out of range; give 1 to {MAX_AT_ONCE}, or 0 for the default"
        )
