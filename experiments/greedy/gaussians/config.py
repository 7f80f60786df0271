"""Configuration of the experiment on four Gaussians."""

import dataclasses

from experiments._shared.checks import check_name
from experiments.greedy.gaussians.methods import METHODS, TUNED
from experiments.greedy.gaussians.training import EVERY
from minmax_jax import gan

GROUPS = {"published": "stated", "tuned": "stated", "equal": "equal"}
"""Mixture of each group of runs."""
DRAWS = ("fresh", "common")


@dataclasses.dataclass(frozen=True)
class Config:
    """Tune the learning rates of every method with one budget, then train all seeds."""

    runs: str = "runs/greedy/gaussians"
    """Folder of the runs, one JSON file each. Finished runs are not repeated."""
    batch: int = 512
    """Real and generated examples per batch."""
    draws: str = "fresh"
    """fresh: each oracle call of an update has its own batch; common: all share one, at half the cost."""  # noqa: E501
    steps: int = 1500
    """Updates per final run, a multiple of 100."""
    seeds: int = 20
    """Number of final runs, with seeds 0, 1, ..."""
    tune_steps: int = 1500
    """Updates per tuning run, a multiple of 100. Modes appear late, so the default is full length."""  # noqa: E501
    tune_seeds: int = 3
    """Number of tuning seeds 1000, 1001, ...: the first for all cells, all of them for the best three."""  # noqa: E501
    methods: tuple[str, ...] = TUNED
    """Methods to run."""
    groups: tuple[str, ...] = tuple(GROUPS)
    """Groups to run: published, tuned, equal."""

    def check(self) -> None:
        """Checks all values.

        Raises:
          ConfigError: If a name is unknown, or a number of updates is not a multiple of `EVERY`.
        """
        for name in ("steps", "tune_steps"):
            value = getattr(self, name)
            if value < EVERY or value % EVERY:
                raise gan.ConfigError(f"{name}={value} must be a multiple of {EVERY}")
        for method in self.methods:
            check_name("methods", method, METHODS)
        for group in self.groups:
            check_name("groups", group, GROUPS)
        check_name("draws", self.draws, DRAWS)
