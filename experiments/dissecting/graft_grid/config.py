"""Configuration of the grafting grid, and its two problems."""

import dataclasses
from typing import Any

from experiments._shared.checks import check_name, check_ranges
from experiments.dissecting.gan_runs.config import (
    TuningFields,
    check_runs_at_once,
    fill_missing,
)
from experiments.dissecting.graft_grid.rules import RULES
from minmax_jax import gan

PROBLEMS: dict[str, dict[str, Any]] = {
    # Eight modes with standard deviation 0.05 on a circle of radius 2.
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
"""Values of the fields that are None, by problem. The loss is the non-saturating one."""


@dataclasses.dataclass(frozen=True)
class Config(TuningFields):
    """Combine six magnitudes with six directions; tune every pair with the same budget."""

    problem: str = "gaussians"
    """gaussians or images. Sets the default of fields without a value."""
    runs: str = "runs/graft_grid"
    """Folder of the runs. Finished runs are not repeated."""
    rules: tuple[str, ...] = tuple(RULES)
    """Update rules to combine."""
    powers: tuple[float, ...] = (-1.5, -0.5, 0.5, 1.5)
    """Learning rates of the grid: the center times four to these powers."""


def resolve_defaults(config: Config) -> Config:
    """Returns the configuration with the values of its problem in place of None.

    Raises:
      ConfigError: If a name is unknown, or a number is out of range.
    """
    check_name("problem", config.problem, PROBLEMS)
    for rule in config.rules:
        check_name("rules", rule, RULES)
    config = fill_missing(config, PROBLEMS[config.problem])
    # Seeds of final runs lie below those of tuning runs.
    check_ranges(config, {"time_limit": 120, "seeds": config.tune_seed})
    check_runs_at_once(config.runs_at_once)
    if not config.powers:
        raise gan.ConfigError("powers is empty; give at least one")
    return config
