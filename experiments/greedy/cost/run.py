"""Measures one update of greedy and of GDA on two games."""

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

import minmax_jax as mm
from benchmarks import clock, counts
from experiments._shared.command import environment
from experiments.greedy.digits01 import game as digits01_game
from experiments.greedy.gaussians import game as gaussians_game
from experiments.greedy.oracles import update_oracles


@dataclasses.dataclass(frozen=True)
class Config:
    """Measure time, temporary memory and FLOPs of an update of greedy and of GDA."""

    batch: int = 512
    """Batch size of the Gaussians. The authors use 512."""
    max_steps: int = 6
    """Number of ascent steps k on the Gaussians. The authors use 6."""
    digits_batch: int = 128
    """Batch size of the digits. The authors use 128."""
    width: int = 256
    """Width of the networks for digits. The authors use 256."""
    rounds: int = 15
    """Number of timed rounds of each method."""


class MeasuredGame(NamedTuple):
    """A game on which updates are measured.

    Attributes:
      start: Initial parameters.
      field_fn: Function `(players, key) -> Players`.
      payoff_fn: Function `(players, key) -> scalar`.
      max_steps: Number of ascent steps k.
      learning_rates: Learning rates of both players.
    """

    start: mm.Players
    field_fn: Callable[..., Any]
    payoff_fn: Callable[..., Any]
    max_steps: int
    learning_rates: mm.Players


def methods(
    max_steps: int, learning_rates: mm.Players
) -> dict[str, optax.GradientTransformationExtraArgs]:
    """Returns GDA and greedy with the same number of ascent steps and the same update order."""
    adam = {side: optax.adam(rate, b1=0.5) for side, rate in learning_rates._asdict().items()}
    return {
        "GDA": mm.alternate(**adam, max_steps=max_steps, first="min"),
        "ours": mm.greedy_adam(learning_rates, max_ascent_steps=max_steps, accept_every=4),
        "ours, moments kept": mm.greedy_adam(
            learning_rates, max_ascent_steps=max_steps, accept_every=4, restore_states=False
        ),
    }


def gaussians(config: Config) -> MeasuredGame:
    """Returns the GAN on four Gaussians."""
    sizes = gaussians_game.Sizes(batch=config.batch)
    payoff = gaussians_game.payoff(sizes, gaussians_game.WEIGHTS["stated"], "saturating")
    field_fn = mm.zero_sum(payoff, stochastic=True)
    start = jax.jit(lambda: gaussians_game.start(sizes, jax.random.key(0)))()
    return MeasuredGame(start, field_fn, payoff, config.max_steps, mm.Players(1e-3, 1e-4))


def digits(config: Config) -> MeasuredGame:
    """Returns the GAN on zeros and ones. Its images are noise, which has the same cost."""
    sizes = digits01_game.Sizes(config.width, batch=config.digits_batch)
    images = np.random.default_rng(0).integers(0, 256, (12_000, 784)).astype(np.uint8)
    images = jnp.asarray(images)
    min_loss, max_loss = digits01_game.losses(sizes)

    def payoff(z: mm.Players, draw: jax.Array) -> jax.Array:
        return -max_loss(z, draw, images)

    field_fn = mm.general_sum(
        lambda z, draw: min_loss(z, draw, images),
        lambda z, draw: max_loss(z, draw, images),
        stochastic=True,
    )
    start = digits01_game.start(sizes, jax.random.key(0))
    return MeasuredGame(start, field_fn, payoff, 1, mm.Players(2e-4, 2e-4))


GAMES = {"four Gaussians": gaussians, "MNIST 0/1": digits}


def measure(config: Config, game: str, draws: str) -> dict[str, Any]:
    """Measures one game.

    Args:
      config: Sizes and number of rounds.
      game: Name in `GAMES`.
      draws: "fresh": each oracle call of an update has its own batch; "common": all oracle calls
        of an update share one batch.
    """
    measured = GAMES[game](config)
    key, programs, states = jax.random.key(1), {}, {}
    for name, optimizer in methods(measured.max_steps, measured.learning_rates).items():
        states[name] = optimizer.init(measured.start)
        update = one_update(measured, optimizer, fresh=draws == "fresh")
        programs[name] = counts.compiled(update, measured.start, states[name], key)
    calls = {
        name: lambda name=name: programs[name](measured.start, states[name], key)
        for name in programs
    }
    times = clock.compare(clock.interleave(calls, config.rounds), "GDA")
    found = {name: counts.count(program)._asdict() for name, program in programs.items()}
    return {
        "k": measured.max_steps,
        "draws": draws,
        "methods": {name: {**found[name], **times[name]} for name in programs},
    }


def one_update(measured: MeasuredGame, optimizer: Any, *, fresh: bool) -> Callable[..., Any]:
    """Returns a function `(players, state, key) -> (players, state)` that makes one update."""

    def update(z: mm.Players, state: Any, key: jax.Array) -> Any:
        field_fn, payoff_fn = update_oracles(
            measured.field_fn, measured.payoff_fn, key, fresh=fresh
        )
        updates, state = optimizer.update(
            field_fn(z), state, z, field_fn=field_fn, payoff_fn=payoff_fn
        )
        return optax.apply_updates(z, updates), state

    return update


def run(config: Config) -> dict[str, Any]:
    """Measures all games and returns the content of the JSON file."""
    return {
        "config": dataclasses.asdict(config),
        **environment(),
        "games": {
            f"{game}, {draws} draws": measure(config, game, draws)
            for game in GAMES
            for draws in ("fresh", "common")
        },
    }
