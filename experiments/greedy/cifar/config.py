"""Configuration of the CIFAR-10 experiment, and its methods."""

import dataclasses
from typing import Any

PUBLISHED = {"max_ascent_steps": 1, "draws": "independent", "restore_states": False}
"""As in the authors' code: one ascent step, an accept test on independent batches, and no
rejection of moments."""
METHODS: dict[str, dict[str, Any]] = {
    # Greedy that accepts every update is alternating GDA with the update order of greedy.
    "gda": {**PUBLISHED, "accept_every": 1},
    "ours": {**PUBLISHED, "accept_every": 2},
}
"""Options of `greedy_adam`, by the keys of the JSON file."""
TITLES = {"gda": "GDA", "ours": "greedy"}
"""Titles of the methods."""


@dataclasses.dataclass(frozen=True)
class Config:
    """Train greedy and GDA, and evaluate both along training."""

    data: str = "uoft-cs/cifar10"
    """Data set: a Hugging Face name or a folder that datasets.load_dataset reads, or digits."""
    runs: str = "runs/greedy/cifar"
    """Folder of the runs. Finished stages are not repeated."""
    network: str = "mangoubi_cifar"
    """Networks, as in minmax-jax train."""
    width: int = 64
    """Width of the networks. The authors use 64."""
    latent_dim: int = 100
    """Dimension of the latent vectors. The authors use 100."""
    batch: int = 128
    """Real and generated images per batch. The authors' code uses 128."""
    learning_rate: float = 2e-4
    """Adam's learning rate, for both players."""
    steps: int = 50_000
    """Updates per run."""
    every: int = 2500
    """Updates per stage, after which a run is evaluated; a divisor of steps."""
    evaluate: int = 10_000
    """Samples to evaluate."""
    seeds: int = 3
    """Number of seeds 0, 1, ..."""
    stages: int = 0
    """Stop after this many stages. 0: no limit."""
