"""Configuration of the image experiment, and its four sizes."""

import dataclasses
from typing import Any

from experiments._shared.checks import check_name, check_ranges
from experiments.dissecting.gan_runs.config import (
    TuningFields,
    check_runs_at_once,
    fill_missing,
    library_config,
)
from experiments.dissecting.images.methods import METHODS
from minmax_jax import gan

SIZES: dict[str, dict[str, Any]] = {
    "cpu": {
        "data": "ylecun/mnist", "network": "dcgan", "loss": "non-saturating", "penalty": "none",
        "width": 8, "latent_dim": 64, "batch_size": 32, "ema_decay": 0.99, "b2": 0.999,
        "tune_steps": 600, "steps": 2000, "seeds": 5, "log_every": 20,
        "powers": (-2, -1, 0, 1, 2, 3), "again": (3, 2),
    },
    # The setting of `accelerator`, reduced to what two CPU cores train in two hours.
    "resnet": {
        "data": "uoft-cs/cifar10", "network": "resnet", "loss": "wasserstein",
        "penalty": "wgan-gp", "width": 8, "latent_dim": 64, "batch_size": 16,
        "ema_decay": 0.99, "b2": 0.9, "tune_steps": 300, "steps": 1000, "seeds": 3,
        "log_every": 20, "powers": (-2, -1, 0, 1, 2, 3), "again": (3, 2),
    },
    # The configuration of GauthierGidel/Variational-Inequality-GAN, with three seeds.
    "accelerator": {
        "data": "uoft-cs/cifar10", "network": "resnet", "loss": "wasserstein",
        "penalty": "wgan-gp", "width": 128, "latent_dim": 128, "batch_size": 64,
        "ema_decay": 0.9999, "b2": 0.9, "tune_steps": 5000, "steps": 50_000, "seeds": 3,
        "log_every": 100, "powers": (-2, -1, 0, 1, 2, 3), "again": (3, 2),
    },
    # `accelerator`, reduced to what one H100 trains in three pieces of nine minutes.
    "accelerator-short": {
        "data": "uoft-cs/cifar10", "network": "resnet", "loss": "wasserstein",
        "penalty": "wgan-gp", "width": 64, "latent_dim": 128, "batch_size": 64,
        "ema_decay": 0.9999, "b2": 0.9, "tune_steps": 800, "steps": 8000, "seeds": 3,
        "log_every": 100, "powers": (0, 1, 2, 3), "again": (2, 1),
    },
}  # fmt: skip
"""Values of the fields that are None, by size."""


MOST_STEPS = 10**8
"""Largest number of updates of a run."""


@dataclasses.dataclass(frozen=True)
class Config(TuningFields):
    """Tune the learning rates of every method, then train with the best ones on new seeds."""

    size: str = "cpu"
    """cpu (MNIST, DCGAN, non-saturating loss), resnet (CIFAR-10, ResNet with 8 channels, WGAN-GP), accelerator (the same with 128 channels) or accelerator-short (64 channels, 27 minutes on one H100). Sets the default of fields without a value."""  # noqa: E501
    runs: str = "runs/images"
    """Folder of the runs. Finished runs are not repeated."""
    methods: tuple[str, ...] = tuple(METHODS)
    """Methods to run, in this order."""
    loss: str | None = None
    """Loss: non-saturating, wasserstein, ..."""
    penalty: str | None = None
    """Gradient penalty of the discriminator, with weight 10: none, wgan-gp, r1, ..."""
    b1: float = 0.5
    """Adam's b1, for all methods that use Adam moments."""
    b2: float | None = None
    """Adam's b2, for all methods that use Adam moments."""
    log_every: int | None = None
    """Updates between two records of gradient and update norms."""
    powers: tuple[int, ...] | None = None
    """Learning rates of the grid: the center times four to these powers."""
    min_powers: tuple[int, ...] = ()
    """Powers of the min player's learning rates, to extend a grid on one side. Default: powers."""
    again: tuple[int, int] | None = None
    """Number of best cells to repeat, and the number of further tuning seeds for each."""
    again_steps: int = 0
    """Updates of the repeated tuning runs, which then alone decide which cell is chosen. Default 0: tune_steps, and all runs of a cell decide."""  # noqa: E501
    tuned: tuple[str, ...] = ()
    """JSON files of records of this experiment whose learning rates are taken, instead of tuning."""  # noqa: E501
    grids: tuple[str, ...] = ()
    """JSON files of records whose tuning runs with the first seed are taken, so that only the best cells run again."""  # noqa: E501
    tune_evaluate: int = 2000
    """Samples to evaluate at the end of a tuning run."""
    evaluate: int | None = 5000
    """Samples to evaluate at the end of a final run."""


def resolve_defaults(config: Config) -> Config:
    """Returns the configuration with the values of its size in place of None.

    Raises:
      ConfigError: If a size or method is unknown, or a number is out of range.
    """
    check_name("size", config.size, SIZES)
    for method in config.methods:
        check_name("methods", method, METHODS)
    config = fill_missing(config, SIZES[config.size])
    # Seeds of final runs lie below those of tuning runs.
    check_ranges(config, {"time_limit": 120, "seeds": config.tune_seed})
    check_ranges(config, {"steps": MOST_STEPS, "tune_steps": MOST_STEPS})
    for name in ("methods", "powers", "min_powers"):
        values = getattr(config, name) or ()
        if len(set(values)) < len(values):
            raise gan.ConfigError(f"{name}={values} has a value twice; give each value once")
    check_runs_at_once(config.runs_at_once)
    if config.again_steps < 0:
        raise gan.ConfigError(
            f"again_steps={config.again_steps} is negative; give a number of updates, or 0 for "
            "tune_steps"
        )
    cells, repeats = grid_size(config)
    if repeats[1] < 0:
        raise gan.ConfigError(
            f"again={config.again}: the number of further tuning seeds is negative; give 0 or more"
        )
    if not 1 <= repeats[0] <= cells:
        raise gan.ConfigError(
            f"powers={config.powers}, min_powers={config.min_powers}, again={config.again}: the "
            "grid has fewer cells than are "
            "repeated; give more powers, or repeat fewer cells"
        )
    if config.again_steps and repeats[1] < 1:
        raise gan.ConfigError(
            f"again={config.again}: again_steps={config.again_steps} needs at least one further "
            "tuning seed; give one, or leave out again_steps"
        )
    return config


def grid_size(config: Config) -> tuple[int, tuple[int, int]]:
    """Returns the number of cells, and `again`, of a configuration without missing values."""
    powers = config.powers or ()
    return len(config.min_powers or powers) * len(powers), config.again or (0, 0)


def training_config(config: Config) -> gan.Config:
    """Returns the library's configuration of every run, from one without missing values."""
    penalty: dict[str, Any] = {"penalty": 0.0}
    if config.penalty != "none":
        penalty = {"penalty": 10.0, "penalty_type": config.penalty}
    options = {"b1": config.b1, "b2": config.b2}
    return library_config(config, "loss", "log_every", options=options, **penalty)
