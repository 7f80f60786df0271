"""Configuration of the runs that `norms` and `mvi` share."""

import dataclasses
from collections.abc import Iterator
from typing import Any

from experiments._shared.checks import check_name
from experiments.one_sided.methods import METHODS
from experiments.one_sided.trajectories import problems
from minmax_jax import gan

DIRAC = {"dirac": "non-saturating", "dirac-penalty": "gradient-penalty"}
"""Variants of the Dirac-GAN, by preset."""
TRAINED = ("gaussians", "mnist", "cifar10", "cifar10-resnet")
"""Presets of the trainer."""
PRESETS = (*DIRAC, *TRAINED)
LOSSES = ("preset", "wgan-gp")
SCHEDULES = {"constant": False, "dual decay": True}
"""Whether the max player's learning rate decays like 1/√t, by name."""


@dataclasses.dataclass(frozen=True)
class Config:
    """Runs of six methods, each with a constant and a decaying max learning rate."""

    preset: str = "gaussians"
    """dirac, dirac-penalty, gaussians, mnist, cifar10, or cifar10-resnet, whose loss is WGAN-GP."""
    loss: str = "preset"
    """preset: the preset's loss; wgan-gp: the Wasserstein loss with a gradient penalty of weight 10."""  # noqa: E501
    balanced: bool = False
    """Choose the discriminator's width so that it has about as many parameters as the generator."""
    methods: tuple[str, ...] = (
        "sgda",
        "ada_nsgda",
        "adam_gda",
        "amsgrad_gda",
        "extra_adam",
        "rmsprop",
    )
    """Methods to run."""
    schedules: tuple[str, ...] = tuple(SCHEDULES)
    """Learning rates of the max player: constant, and dual decay, like 1/√t."""
    seeds: int = 5
    """Number of seeds 0, 1, ..."""
    steps: int = 3000
    """Updates per run."""
    data: str = ""
    """Images: a Hugging Face name or a folder that datasets.load_dataset reads. Default: the preset's."""  # noqa: E501
    width: int = 8
    """Width of the networks of the presets with images."""
    runs: str = "runs/one_sided"
    """Folder of the runs."""
    time_limit: float = 0.0
    """Stop after this many minutes and save; run again to continue. 0: no limit."""

    @property
    def name(self) -> str:
        """Name of the folder of the runs and of the JSON file: the preset and its changes."""
        changes = [self.loss] if self.loss != "preset" else []
        return "-".join([self.preset, *changes, *["balanced"] * self.balanced])


def make_problem(config: Config) -> problems.Problem:
    """Returns the game of a preset.

    Raises:
      ConfigError: If a name is unknown, or the preset does not support the loss or `balanced`.
    """
    check_name("preset", config.preset, PRESETS)
    check_name("loss", config.loss, LOSSES)
    for schedule in config.schedules:
        check_name("schedules", schedule, SCHEDULES)
    for method in config.methods:
        check_name("methods", method, METHODS)
    if config.preset in DIRAC:
        for option, value in (("loss", config.loss != "preset"), ("balanced", config.balanced)):
            if value:
                raise gan.ConfigError(
                    f"{option} needs a preset with networks, got preset={config.preset}. Choose "
                    f"one of {', '.join(TRAINED)}, or leave {option} out."
                )
        return problems.dirac(DIRAC[config.preset])
    fields: dict[str, Any] = {} if config.preset == "gaussians" else {"width": config.width}
    if config.data:
        fields["data"] = config.data
    if config.loss == "wgan-gp":
        fields |= {"loss": "wasserstein", "penalty": 10.0}
    return problems.networks(config.preset, balanced=config.balanced, **fields)


def describe(config: Config) -> dict[str, Any]:
    """Returns the part of the configuration that results record."""
    changes = {"loss": config.loss} if config.loss != "preset" else {}
    return {
        "preset": config.preset,
        "steps": config.steps,
        "seeds": config.seeds,
        "width": config.width if has_width(config) else None,
        **changes,
        **({"balanced": True} if config.balanced else {}),
    }


def has_width(config: Config) -> bool:
    """Returns whether the width of the networks is configured."""
    return config.preset in TRAINED and config.preset != "gaussians"


def all_runs(config: Config) -> Iterator[tuple[str, str, bool]]:
    """Yields name, method and whether the max learning rate decays, for every run."""
    for method in config.methods:
        for schedule in config.schedules:
            yield f"{method}, {schedule}", method, SCHEDULES[schedule]
