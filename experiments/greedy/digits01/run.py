"""Runs of GDA and greedy on zeros and ones, evaluated by a classifier."""

import dataclasses
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import lax

import minmax_jax as mm
from experiments._shared.command import environment
from experiments._shared.files import read_or_compute
from experiments.greedy.digits01 import game
from experiments.greedy.digits01.config import Config, methods
from minmax_jax import gan

EVERY = 50
"""Updates between two evaluations."""
NUM_SAMPLES, NUM_SHOWN = 500, 24
"""Number of evaluated samples, and of samples in the figure."""


def run(config: Config) -> dict[str, Any]:
    """Runs all methods, one seed of every method before the next seed.

    Returns:
      The content of the JSON file.

    Raises:
      ConfigError: If the number of steps is not a multiple of `EVERY`.
    """
    if config.steps < EVERY or config.steps % EVERY:
        raise gan.ConfigError(f"steps={config.steps} must be a multiple of {EVERY}")
    data = gan.load_data(config.data)
    predict, accuracy = game.train_classifier(data)
    chosen = np.asarray(data.images)[np.asarray(data.labels) < 2]
    images = jnp.asarray(chosen.reshape(len(chosen), -1))
    built = {name: (program(config, tx, images), tx) for name, tx in methods(config).items()}
    folder = f"width{config.width}-batch{config.batch}-tau{config.temperature:g}"
    found: dict[str, list[dict]] = {name: [] for name in built}
    for seed in range(config.seeds):
        for name, (advance, optimizer) in built.items():
            path = Path(config.runs) / folder / f"{name}-s{seed}-{config.steps}.json"

            def compute(
                advance: Any = advance, optimizer: Any = optimizer, seed: int = seed
            ) -> Any:
                return run_one(config, advance, optimizer, predict, seed)

            is_new = not path.exists()
            one = read_or_compute(path, compute)
            if is_new:
                print(path.name, one["shares"][-1], flush=True)
            if seed > 1:  # The figure shows images of two seeds.
                del one["images"]
            found[name].append(one)
    return {
        "config": {**dataclasses.asdict(config), "data": None, "runs": None},
        **environment(),
        "judge_accuracy": round(accuracy, 4),
        "every": EVERY,
        "methods": found,
    }


def program(config: Config, optimizer: Any, images: jax.Array) -> Any:
    """Returns a compiled function that makes `EVERY` updates and draws samples."""
    sizes = game.Sizes(config.width, batch=config.batch)
    min_loss, max_loss = game.losses(sizes)

    @jax.jit
    def advance(key: jax.Array, players: Any, state: Any, first: int) -> Any:
        def step_fn(carry: Any, step: jax.Array) -> tuple[Any, None]:
            z, state = carry
            step_key = jax.random.fold_in(key, step)
            # All oracle calls of an update share one batch, so the accept test compares payoffs
            # on the batch of the ascent.
            field_fn = mm.general_sum(
                lambda z: min_loss(z, step_key, images), lambda z: max_loss(z, step_key, images)
            )
            updates, state = optimizer.update(
                field_fn(z),
                state,
                z,
                field_fn=field_fn,
                key=step_key,
                payoff_fn=lambda z, draw=0: -max_loss(z, step_key, images),
            )
            return (optax.apply_updates(z, updates), state), None

        (players, state), _ = lax.scan(step_fn, (players, state), first + jnp.arange(EVERY))
        latents = jax.random.normal(jax.random.fold_in(key, 10**6 + first), (NUM_SAMPLES, 100))
        return players, state, game.generate(players.min, latents)

    return advance


def run_one(
    config: Config, advance: Any, optimizer: Any, predict: Any, seed: int
) -> dict[str, Any]:
    """Runs one seed.

    Returns:
      Shares of zero, one and neither along the run, some of its last images, and the acceptance
      rate of greedy methods.
    """
    key = jax.random.key(seed)
    players = game.start(game.Sizes(config.width), jax.random.fold_in(key, 10**7))
    state, history, images = optimizer.init(players), [], np.zeros(0)
    for step in range(0, config.steps, EVERY):
        players, state, images = advance(key, players, state, step)
        counts = np.bincount(np.asarray(predict(images)), minlength=3)
        history.append((counts / NUM_SAMPLES).round(3).tolist())
    shown = np.asarray((images[:NUM_SHOWN] + 1) * 127.5).round().astype(int).tolist()
    found = {"seed": seed, "shares": history, "images": shown}
    if isinstance(state, mm.GreedyState):
        found["acceptance_rate"] = round(float(state.accepted / state.count), 4)
    return found
