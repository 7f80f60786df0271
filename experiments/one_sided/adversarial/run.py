"""Runs of four Adam forms on a stochastic game with rare large gradients."""

import dataclasses
import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import minmax_jax as mm
from experiments._shared.command import environment

METHODS = {
    "adam_gda": mm.adam_gda,
    "extra_adam": mm.extra_adam,
    "amsgrad_gda": mm.amsgrad_gda,
    "extra_amsgrad": mm.extra_amsgrad,
}
"""Adam forms, without and with the maximum of the second moments."""
START = 0.0
"""Start of both players."""


@dataclasses.dataclass(frozen=True)
class Config:
    """Run four Adam forms on the game."""

    steps: int = 50_000
    """Updates per run."""
    seeds: int = 16
    """Number of seeds 0, 1, ..."""
    learning_rates: tuple[float, ...] = (0.1, 1.0, 10.0)
    """Learning rates of both players; they decay like 1/√t."""
    b1: float = 0.0
    """Decay rate of the first moment."""
    b2: tuple[float, ...] = (0.9, 0.99)
    """Decay rates of the second moment."""
    rare: float = 0.001
    """Probability of the large gradient."""
    large: float = 20_000.0
    """Large gradient of x; the other one is −10."""


def payoff(config: Config, players: mm.Players, key: jax.Array) -> jax.Array:
    """Returns a sample of f = c x + xy/10 − ½ y² on [−1, 1]², with a random coefficient c.

    With the defaults E c = 10.01, so E ∂f/∂x = 10.01 + y/10 is positive: the one-sided MVI holds
    with x* = −1. But c is −10 in 99.9 % of the samples.
    """
    rare = jax.random.bernoulli(key, config.rare)
    x, y = players
    return jnp.where(rare, config.large, -10.0) * x + x * y / 10 - 0.5 * y**2


def run(config: Config) -> dict[str, Any]:
    """Runs all methods and returns the content of the JSON file."""
    found = {name: {f"{b2:g}": cells(config, name, b2) for b2 in config.b2} for name in METHODS}
    return {"config": dataclasses.asdict(config), **environment(), "methods": found}


def cells(config: Config, name: str, b2: float) -> list[dict[str, Any]]:
    """Runs all seeds with all learning rates.

    Returns:
      By learning rate: the rate, the mean of x over the last tenth of each run, and medians of x
      along it.
    """
    times = np.unique(np.geomspace(1, config.steps, 40).astype(int))

    def solve(seed: jax.Array, rate: jax.Array) -> tuple[jax.Array, jax.Array]:
        optimizer = METHODS[name](
            lambda count: rate / jnp.sqrt(count + 1.0),
            b1=config.b1,
            b2=b2,
            projection=lambda x: jnp.clip(x, -1.0, 1.0),
        )
        path = mm.solve(
            optimizer,
            mm.zero_sum(functools.partial(payoff, config), stochastic=True),
            mm.Players(jnp.asarray(START), jnp.asarray(START)),
            config.steps,
            key=jax.random.key(seed),
            record=lambda step, z, updates, state: z.min,
        ).records
        return path[-config.steps // 10 :].mean(), path[times - 1]

    run_all = jax.jit(jax.vmap(jax.vmap(solve, (0, None)), (None, 0)))
    ends, paths = map(
        np.asarray, run_all(jnp.arange(config.seeds), jnp.asarray(config.learning_rates))
    )
    return [
        {
            "rate": rate,
            "ends": ends[i].round(4).tolist(),
            "times": times.tolist(),
            "median": np.median(paths[i], axis=0).round(4).tolist(),
        }
        for i, rate in enumerate(config.learning_rates)
    ]
