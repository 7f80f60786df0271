"""Configuration of the check of greedy equilibria."""

import dataclasses

from experiments._shared.checks import check_name
from experiments.greedy.gaussians import game
from experiments.greedy.gaussians.methods import METHODS, PUBLISHED
from experiments.greedy.gaussians.training import EVERY
from minmax_jax import gan


@dataclasses.dataclass(frozen=True)
class Config:
    """Train GANs on four Gaussians, then measure how close they are to a greedy equilibrium."""

    methods: tuple[str, ...] = ("ours", "gda_6")
    """Methods of experiments.greedy.gaussians with the saturating loss: greedy, and Adam, k = 6."""
    seeds: int = 5
    """Number of seeds 0, 1, ..."""
    first_seed: int = 0
    """First seed. Pilot runs use seeds from 1000 on."""
    steps: int = 1500
    """Updates per run, a multiple of 100; the authors' number."""
    batch: int = 128
    """Real and generated examples per batch in training, one batch per update."""
    mixture: str = "equal"
    """Mixture: equal weights of the modes, or stated, in which (0, 1) has weight 2/5."""
    learning_rates: tuple[float, float] = (PUBLISHED.min, PUBLISHED.max)
    """Adam's learning rates (min, max) in training; the authors' by default."""
    examples: int = 256
    """Fixed real and fixed generated examples that define the payoff f of the check."""
    tolerance: float = 0.02
    """ε: norm of ∇_y f at which an ascent ends."""
    ascent_rate: float = 1e-3
    """Adam's learning rate in the ascents of the check."""
    max_ascent_steps: int = 500
    """Maximum number of steps of an ascent."""
    test_steps: int = 6
    """Steps of the max player in the accept test of training, repeated for each proposal."""
    proposals: int = 10
    """Proposals per trained GAN, each an Adam step on another batch."""
    scales: tuple[float, ...] = (1.0, 10.0)
    """Factors by which the proposals are multiplied."""
    min_improvement: float = 0.01
    """δ: decrease of the payoff that counts as an improvement."""
    runs: str = "runs/greedy/equilibrium"
    """Folder of the runs, one JSON file each. Finished runs are not repeated."""

    def check(self) -> None:
        """Checks all values.

        Raises:
          ConfigError: If a name is unknown, a number is too small, or a method has another loss.
        """
        for method in self.methods:
            check_name("methods", method, METHODS)
            if METHODS[method].loss != "saturating" or METHODS[method].reversed_test:
                raise gan.ConfigError(
                    f"methods={method!r} plays another game than the check. Choose methods with "
                    "the saturating loss and the stated accept test, such as ours or gda_6."
                )
        check_name("mixture", self.mixture, game.WEIGHTS)
        if self.steps < EVERY or self.steps % EVERY:
            raise gan.ConfigError(f"steps={self.steps} must be a multiple of {EVERY}")
        for name in ("seeds", "batch", "examples", "max_ascent_steps", "test_steps", "proposals"):
            if getattr(self, name) < 1:
                raise gan.ConfigError(f"{name}={getattr(self, name)} must be at least 1")
        for name in ("tolerance", "ascent_rate"):
            if not getattr(self, name) > 0:
                raise gan.ConfigError(f"{name}={getattr(self, name)} must be greater than 0")
