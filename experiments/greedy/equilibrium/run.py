"""Trains the GANs and measures them before and after training."""

import dataclasses
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

import minmax_jax as mm
from experiments._shared.command import describe
from experiments._shared.parts import read_or_run
from experiments._shared.rounding import round_significant
from experiments.greedy.equilibrium.config import Config
from experiments.greedy.equilibrium.measure import measurer
from experiments.greedy.gaussians import game
from experiments.greedy.gaussians.run import coverage
from experiments.greedy.gaussians.training import EVERY, program

START = "start"
"""Name of the control: networks before training."""


def run(config: Config) -> dict[str, Any]:
    """Trains and measures all runs, one seed of every method before the next seed.

    Returns:
      The content of the JSON file.

    Raises:
      ConfigError: If a value is invalid.
    """
    config.check()
    found: dict[str, list[Any]] = {name: [] for name in (START, *config.methods)}
    for seed in range(config.first_seed, config.first_seed + config.seeds):
        for method, runs in found.items():
            runs.append(read_or_measure(config, method, seed))
    return {**describe(config), "methods": found}


def read_or_measure(config: Config, method: str, seed: int) -> dict[str, Any]:
    """Returns one run, from its file if it is finished.

    Raises:
      ConfigError: If the file contains a run with another configuration.
    """
    free = ("runs", "seeds", "first_seed", "methods")
    values = {k: v for k, v in dataclasses.asdict(config).items() if k not in free}
    folder = Path(config.runs) / "-".join(f"{v:g}" for v in (config.steps, config.batch))
    path = folder / f"{method}-s{seed}.json"

    def compute() -> dict[str, Any]:
        found = run_one(config, method, seed)
        print(path.name, {k: found[k] for k in ("gradient_norm", "gain", "coverage")}, flush=True)
        return found

    return read_or_run(path, values, compute)


def run_one(config: Config, method: str, seed: int) -> dict[str, Any]:
    """Trains one GAN and measures it.

    Args:
      config: Configuration.
      method: Name of a method, or `START` for networks before training.
      seed: Seed of the initial parameters and of all samples.
    """
    rates, key = mm.Players(*config.learning_rates), jax.random.key(seed)
    sizes = game.Sizes(batch=config.batch)
    trained = config.methods[0] if method == START else method
    begin, advance = program(trained, sizes, "common")
    weights = jnp.asarray(game.WEIGHTS[config.mixture])
    players, state = begin(rates, key)
    points = game.samples(sizes, players.min, jax.random.fold_in(key, 2), 1000)
    if method != START:
        for step in range(0, config.steps, EVERY):
            players, state, points = advance(rates, weights, key, players, state, step)
    states = mm.Players(adam_state(state.min), adam_state(state.max))
    found = jax.tree.map(np.asarray, measurer(config)(players, states, key))
    values = {
        name: value.tolist() if value.dtype == bool else round_significant(value)
        for name, value in found._asdict().items()
    }
    covered = coverage(np.asarray(points), game.WEIGHTS[config.mixture])
    return {"seed": seed, **values, "coverage": round_significant(covered)}


def adam_state(state: Any) -> Any:
    """Returns the state of `optax.adam` that has the moments of the state of a chain."""
    is_moments = lambda node: isinstance(node, optax.ScaleByAdamState)  # noqa: E731
    (moments,) = filter(is_moments, jax.tree.leaves(state, is_leaf=is_moments))
    return moments, optax.EmptyState()
