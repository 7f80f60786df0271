"""Runs of GDA and greedy on zeros and ones, evaluated by a classifier."""

from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import lax

import minmax_jax as mm
from experiments._shared.command import describe
from experiments._shared.files import read_or_compute
from experiments.greedy.digits01 import game
from experiments.greedy.digits01.config import Config, adams, methods
from experiments.greedy.oracles import update_oracles
from minmax_jax import gan

EVERY = 50
"""Updates between two evaluations."""
NUM_SAMPLES, NUM_SHOWN = 500, 24
"""Number of evaluated samples, and of samples per seed in the figure."""
NUM_SEEDS = 4
"""Number of seeds of which the figure shows images."""


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
    built = {name: program(config, tx, images) for name, tx in methods(config).items()}
    folder = f"{config.protocol}-width{config.width}-batch{config.batch}-tau{config.temperature:g}"
    folder += "-common" if config.common_count else ""
    found: dict[str, list[dict]] = {name: [] for name in built}
    for seed in range(config.seeds):
        for name, functions in built.items():
            path = Path(config.runs) / folder / f"{name}-s{seed}-{config.steps}.json"

            def compute(functions: Any = functions, seed: int = seed) -> Any:
                return run_one(config, functions, predict, seed)

            is_new = not path.exists()
            one = read_or_compute(path, compute)
            if is_new:
                print(path.name, one["shares"][-1], flush=True)
            if seed >= NUM_SEEDS:
                del one["images"]
            found[name].append(one)
    return {
        **describe(config, data=None),
        "judge_accuracy": round(accuracy, 4),
        "every": EVERY,
        "methods": found,
    }


def program(config: Config, optimizer: Any, images: jax.Array) -> tuple[Any, Any]:
    """Returns compiled functions for the start of a run and for its next `EVERY` updates."""
    field_fn, payoff_fn = oracles(config, images)
    fresh = config.protocol == "authors"

    @jax.jit
    def begin(key: jax.Array) -> Any:
        players = game.start(game.Sizes(config.width), jax.random.fold_in(key, 10**7))
        state = optimizer.init(players)
        if not fresh:
            return players, state
        field = field_fn(players, jax.random.fold_in(key, 2 * 10**7)).max
        step, moments = adams(config).max.update(field, state.max, players.max)
        moved = players._replace(max=optax.apply_updates(players.max, step))
        return moved, state._replace(max=moments)

    @jax.jit
    def advance(key: jax.Array, players: Any, state: Any, first: int) -> Any:
        def step_fn(carry: Any, step: jax.Array) -> tuple[Any, None]:
            z, state = carry
            step_key = jax.random.fold_in(key, step)
            own_field, own_payoff = update_oracles(field_fn, payoff_fn, step_key, fresh=fresh)
            updates, state = optimizer.update(
                own_field(z), state, z, field_fn=own_field, key=step_key, payoff_fn=own_payoff
            )
            return (optax.apply_updates(z, updates), state), None

        (players, state), _ = lax.scan(step_fn, (players, state), first + jnp.arange(EVERY))
        latents = jax.random.normal(jax.random.fold_in(key, 10**6 + first), (NUM_SAMPLES, 100))
        return players, state, game.generate(players.min, latents)

    return begin, advance


def oracles(config: Config, images: jax.Array) -> tuple[Any, Any]:
    """Returns the field and the payoff as functions of `(players, key)`."""
    sizes, authors = game.Sizes(config.width, batch=config.batch), config.protocol == "authors"
    min_loss, max_loss = game.losses(sizes, 2 if authors else None)
    test_loss = game.losses(sizes, training=False).max if authors else max_loss

    def field_fn(players: mm.Players, key: jax.Array) -> mm.Players:
        return mm.general_sum(
            lambda z: min_loss(z, key, images), lambda z: max_loss(z, key, images)
        )(players)

    return field_fn, lambda players, key: -test_loss(players, key, images)


def run_one(config: Config, functions: tuple[Any, Any], predict: Any, seed: int) -> dict[str, Any]:
    """Runs one seed.

    Returns:
      Shares of zero, one and neither along the run, some of its last images, and of greedy methods
      the number of accepted updates at each evaluation.
    """
    begin, advance = functions
    key = jax.random.key(seed)
    players, state = begin(key)
    history, accepted, images = [], [], np.zeros(0)
    for step in range(0, config.steps, EVERY):
        players, state, images = advance(key, players, state, step)
        counts = np.bincount(np.asarray(predict(images)), minlength=3)
        history.append((counts / NUM_SAMPLES).round(3).tolist())
        if isinstance(state, mm.GreedyState):
            accepted.append(int(state.accepted))
    shown = np.asarray((images[:NUM_SHOWN] + 1) * 127.5).round().astype(int).tolist()
    found = {"seed": seed, "shares": history, "images": shown}
    if accepted:
        found |= {"accepted": accepted}
        found["acceptance_rate"] = round(accepted[-1] / config.steps, 4)
    return found
