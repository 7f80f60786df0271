"""Configuration of the image experiment, and its three sizes."""

import dataclasses
from typing import Any

from experiments._shared.checks import check_name, check_ranges
from experiments.dissecting.gan_runs.config import TuningFields, fill_missing, library_config
from experiments.dissecting.images.methods import METHODS
from minmax_jax import gan

SIZES: dict[str, dict[str, Any]] = {
    "cpu": {
        "data": "ylecun/mnist", "network": "dcgan", "loss": "non-saturating", "penalty": "none",
        "width": 8, "latent_dim": 64, "batch_size": 32, "ema_decay": 0.99, "b2": 0.999,
        "tune_steps": 600, "steps": 2000, "seeds": 5, "log_every": 20,
    },
    # The setting of `accelerator`, reduced to what two CPU cores train in two hours.
    "resnet": {
        "data": "uoft-cs/cifar10", "network": "resnet", "loss": "wasserstein",
        "penalty": "wgan-gp", "width": 8, "latent_dim": 64, "batch_size": 16,
        "ema_decay": 0.99, "b2": 0.9, "tune_steps": 300, "steps": 1000, "seeds": 3,
        "log_every": 20,
    },
    # The configuration of GauthierGidel/Variational-Inequality-GAN, with three seeds.
    "accelerator": {
        "data": "uoft-cs/cifar10", "network": "resnet", "loss": "wasserstein",
        "penalty": "wgan-gp", "width": 128, "latent_dim": 128, "batch_size": 64,
        "ema_decay": 0.9999, "b2": 0.9, "tune_steps": 5000, "steps": 50_000, "seeds": 3,
        "log_every": 100,
    },
}  # fmt: skip
"""Values of the fields that are None, by size."""


@dataclasses.dataclass(frozen=True)
class Config(TuningFields):
    """Tune the learning rates of every method, then train with the best ones on new seeds."""

    size: str = "cpu"
    """cpu (MNIST, DCGAN, non-saturating loss), resnet (CIFAR-10, ResNet with 8 channels, WGAN-GP) or accelerator (the same with 128 channels). Sets the default of fields without a value."""  # noqa: E501
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
    powers: tuple[int, ...] = (-2, -1, 0, 1, 2, 3)
    """Learning rates of the grid: the center times four to these powers."""
    again: tuple[int, int] = (3, 2)
    """Number of best cells to repeat, and the number of further tuning seeds for each."""
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
    if not config.powers or not 1 <= config.again[0] <= len(config.powers) ** 2:
        raise gan.ConfigError(
            f"powers={config.powers}, again={config.again}: the grid has fewer cells than are "
            "repeated; give more powers, or repeat fewer cells"
        )
    return config


def training_config(config: Config) -> gan.Config:
    """Returns the library's configuration of every run, from one without missing values."""
    penalty: dict[str, Any] = {"penalty": 0.0}
    if config.penalty != "none":
        penalty = {"penalty": 10.0, "penalty_type": config.penalty}
    options = {"b1": config.b1, "b2": config.b2}
    return library_config(config, "loss", "log_every", options=options, **penalty)
