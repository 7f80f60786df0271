"""Configuration of the experiment on zeros and ones, and its methods."""

import dataclasses
import functools

import optax

import minmax_jax as mm

TITLES = {
    "gda": "GDA",
    "ours_published": "greedy, published rule",
    "ours_stated": "greedy, stated rule",
}
"""Titles of the methods, by their keys in the JSON file."""


@dataclasses.dataclass(frozen=True)
class Config:
    """Train GDA and greedy on MNIST's zeros and ones."""

    data: str = "ylecun/mnist"
    """Data set: a Hugging Face name or a folder that datasets.load_dataset reads."""
    runs: str = "runs/greedy/digits01"
    """Folder of the runs. Finished runs are not repeated."""
    width: int = 256
    """Smallest hidden layer; the others are two and four times wider. The authors use 256."""
    batch: int = 128
    """Real and generated images per batch."""
    learning_rate: float = 2e-4
    """Adam's learning rate, for both players."""
    accept_every: int = 5
    """The published rule accepts every update whose number is a multiple of this."""
    temperature: float = 300.0
    """τ of the stated rule: e^(−i/τ) falls to 0.036 at update 1000."""
    steps: int = 1000
    """Updates per run, a multiple of 50."""
    seeds: int = 20
    """Number of seeds 0, 1, ..."""


def methods(config: Config) -> dict[str, optax.GradientTransformationExtraArgs]:
    """Returns the optimizers by name.

    "gda" has the update order of greedy: it is equivalent to accepting every update.
    """
    adam = optax.adam(config.learning_rate, b1=0.5)
    greedy = functools.partial(mm.greedy_adam, config.learning_rate)
    return {
        "gda": mm.alternate(min=adam, max=adam, first="min"),
        "ours_published": greedy(accept_every=config.accept_every, restore_states=False),
        "ours_stated": greedy(accept_every=None, temperature=config.temperature),
    }
