"""Configuration of the runs that `norms` and `mvi` share."""

import dataclasses
from collections.abc import Iterator
from typing import Any

from experiments.one_sided.trajectories import problems

PRESETS = ("dirac", "dirac-penalty", "gaussians", "mnist")
SCHEDULES = {"constant": False, "dual decay": True}
"""Whether the max player's learning rate decays like 1/√t, by name."""


@dataclasses.dataclass(frozen=True)
class Config:
    """Runs of six methods, each with a constant and a decaying max learning rate."""

    preset: str = "gaussians"
    """dirac, dirac-penalty, gaussians or mnist."""
    methods: tuple[str, ...] = (
        "sgda",
        "ada_nsgda",
        "adam_gda",
        "amsgrad_gda",
        "extra_adam",
        "rmsprop",
    )
    """Methods to run, each with a constant and with a decaying learning rate of the max player."""
    seeds: int = 5
    """Number of seeds 0, 1, ..."""
    steps: int = 3000
    """Updates per run."""
    data: str = "ylecun/mnist"
    """Data of the preset mnist: a Hugging Face name or a folder that datasets.load_dataset reads."""  # noqa: E501
    width: int = 8
    """Width of the DCGAN of the preset mnist."""
    runs: str = "runs/one_sided"
    """Folder of the runs."""
    time_limit: float = 0.0
    """Stop after this many minutes and save; run again to continue. 0: no limit."""


def make_problem(config: Config) -> problems.Problem:
    """Returns the game of a preset.

    Raises:
      ValueError: If the preset is unknown.
    """
    if config.preset == "mnist":
        return problems.networks("mnist", data=config.data, width=config.width)
    if config.preset == "gaussians":
        return problems.networks("gaussians")
    if config.preset == "dirac":
        return problems.dirac("non-saturating")
    if config.preset == "dirac-penalty":
        return problems.dirac("gradient-penalty")
    raise ValueError(f"preset must be one of {', '.join(PRESETS)}, got {config.preset!r}.")


def describe(config: Config) -> dict[str, Any]:
    """Returns the part of the configuration that results record."""
    return {
        "preset": config.preset,
        "steps": config.steps,
        "seeds": config.seeds,
        "width": config.width if config.preset == "mnist" else None,
    }


def all_runs(config: Config) -> Iterator[tuple[str, str, bool]]:
    """Yields name, method and whether the max learning rate decays, for every run."""
    for method in config.methods:
        for schedule, dual in SCHEDULES.items():
            yield f"{method}, {schedule}", method, dual
