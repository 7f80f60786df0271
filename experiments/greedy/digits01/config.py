"""Configuration of the experiment on zeros and ones, and its methods."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import optax

import minmax_jax as mm
from experiments._shared.checks import check_name
from experiments.greedy.digits01 import keras_adam
from minmax_jax import gan

PROTOCOLS = ("authors", "shared")
TITLES = {
    "gda": "GDA",
    "ours_published": "greedy, published rule",
    "ours_stated": "greedy, stated rule",
    "ours_decreasing": "greedy, published decreasing temperature",
}
"""Titles of the methods, by their keys in the JSON file."""


@dataclasses.dataclass(frozen=True)
class Config:
    """Train GDA and greedy on MNIST's zeros and ones."""

    data: str = "ylecun/mnist"
    """Data set: a Hugging Face name or a folder that datasets.load_dataset reads."""
    runs: str = "runs/greedy/digits01"
    """Folder of the runs. Finished runs are not repeated."""
    protocol: str = "authors"
    """authors: as in their code, each oracle call has its own batch, the accept test compares independent batches without dropout, dropout stands after D's first two hidden layers, and one D step precedes the run; shared: all calls of an update share one batch and dropout mask."""  # noqa: E501
    common_count: bool = False
    """Adam as in the authors' code: one count of steps for both players, and Keras's ε."""
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
    methods: tuple[str, ...] = ("gda", "ours_published", "ours_stated")
    """Methods to run; the other one is ours_decreasing, of the authors' second notebook."""


def methods(config: Config) -> dict[str, optax.GradientTransformationExtraArgs]:
    """Returns the optimizers by name.

    "gda" has the update order of greedy: it is equivalent to accepting every update.
    """
    check_name("protocol", config.protocol, PROTOCOLS)
    for method in config.methods:
        check_name("methods", method, TITLES)
    adam = adams(config)
    if config.protocol == "authors":
        # The step of D before the run needs an optimizer that can be called by itself.
        greedy = functools.partial(
            mm.greedy, *adam, max_ascent_steps=1, gradient_tolerance=None, draws="independent"
        )
    else:
        greedy = functools.partial(mm.greedy_adam, config.learning_rate)
    published = functools.partial(greedy, restore_states=False)
    built = {
        "gda": lambda: mm.alternate(min=adam.min, max=adam.max, first="min"),
        "ours_published": lambda: published(accept_every=config.accept_every),
        "ours_stated": lambda: greedy(accept_every=None, temperature=config.temperature),
        "ours_decreasing": lambda: published(accept_every=None, accept_probability=decreasing),
    }
    return {name: built[name]() for name in config.methods}


def adams(config: Config) -> mm.Players:
    """Returns Adam for each player.

    Raises:
      ConfigError: If the count of steps is common without a step of D before the run.
    """
    if not config.common_count:
        return mm.Players(*[optax.adam(config.learning_rate, b1=0.5)] * 2)
    if config.protocol != "authors":
        raise gan.ConfigError("common_count=True requires protocol=authors")
    return keras_adam.both_players(config.learning_rate, b1=0.5)


def decreasing(count: jax.Array) -> jax.Array:
    """Returns the authors' probability of accepting an update without a test."""
    return 1 / (4 + jnp.exp((count / 20_000) ** 2))
