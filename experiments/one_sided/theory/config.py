"""Configuration of the experiment on synthetic games, and its learning rates."""

import dataclasses

import numpy as np

from experiments.one_sided.methods import METHODS
from experiments.one_sided.theory import games

SCHEDULES = {"constant": 0.0, "dual decay": 0.5}
"""Exponent p of the max player's learning rate α (t + 1)^(−p), by name."""

PLAIN_LEARNING_RATES = (1 / 12) * 10.0 ** np.arange(-2.0, 2.01, 0.5)
"""Learning rates of methods without normalization, around 1/(2L) of `drift`."""

ADAM_LEARNING_RATES = 10.0 ** np.arange(-4.0, 0.01, 0.5)
"""Learning rates of all other methods."""


@dataclasses.dataclass(frozen=True)
class Config:
    """Runs of all methods on all games; the defaults are the recorded experiment."""

    steps: int = 3000
    """Updates per run."""
    seeds: int = 16
    """Number of reported seeds 0, 1, ..."""
    tune_seeds: int = 4
    """Number of tuning seeds 1000, 1001, ..., which choose the min player's learning rate."""
    rate_max: float = games.RESONANT_LEARNING_RATE
    """Learning rate α of the max player, the same for all methods."""
    noises: tuple[float, ...] = (0.0, 0.3)
    """Standard deviations of the normal noise on each coordinate of both gradients."""
    horizons: int = 25
    """Number of logarithmically spaced times at which averages are recorded."""
    games: tuple[str, ...] = tuple(games.GAMES)
    """Games to run."""
    methods: tuple[str, ...] = tuple(METHODS)
    """Methods to run."""
    runs: str = "runs/one_sided/theory"
    """Folder of finished parts. An interrupted command continues from them."""


def learning_rates_of(method: str) -> np.ndarray:
    """Returns the nine learning rates of the min player, half a decade apart."""
    plain = method in ("sgda", "extragradient")
    return PLAIN_LEARNING_RATES if plain else ADAM_LEARNING_RATES


def horizons_of(config: Config) -> np.ndarray:
    """Returns the times at which averages are recorded."""
    return np.unique(np.geomspace(1, config.steps, config.horizons).round().astype(int))
