"""Runs of greedy in several dimensions, on a game with constants that are equal."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

import minmax_jax as mm
from experiments._shared.command import environment


@dataclasses.dataclass(frozen=True)
class Config:
    """Run greedy on the same game in several dimensions."""

    dimensions: tuple[int, ...] = (10, 100, 1000, 10_000)
    """Dimensions d of each player."""
    seeds: int = 20
    """Number of seeds 0, 1, ... of the start and the proposals."""
    learning_rate: float = 0.1
    """Learning rate of proposals and ascent."""
    stddev: float = 0.3
    """Root of the expected squared norm of the noise in a proposal, the same in every dimension."""
    min_improvement: float = 0.01
    """Decrease δ of the payoff that acceptance requires."""
    tolerance: float = 1e-2
    """Norm of ∇_y f at which an ascent ends."""
    max_ascent_steps: int = 200
    """Maximum number of steps of an ascent."""
    rejections: int = 20
    """Number of rejections in a row after which a run stops."""
    proposals: int = 1000
    """Maximum number of proposals."""


def game(dimension: int) -> mm.games.Game:
    """Returns f = 2 (1 − exp(−‖x‖²/4)) + 0.5 ⟨Rx, y⟩ − ½ ‖y‖², with a signed permutation R.

    Its constants do not depend on the dimension: ∇f has Lipschitz constant 2 at most, and max_y f
    is 2 (1 − exp(−‖x‖²/4)) + ⅛ ‖x‖², which is minimal at 0. f is not convex in x.
    """

    def payoff(z: mm.Players) -> jax.Array:
        signs = jnp.where(jnp.arange(dimension) % 2 == 0, 1.0, -1.0)
        turned = signs * jnp.roll(z.min, 1)
        square = jnp.sum(z.min**2)
        return 2 * (1 - jnp.exp(-square / 4)) + 0.5 * turned @ z.max - 0.5 * jnp.sum(z.max**2)

    zero = jnp.zeros(dimension)
    solution = mm.Players(zero, zero)
    return mm.games.Game(mm.zero_sum(payoff), mm.payoff(payoff), solution, solution)


def start(dimension: int, key: jax.Array) -> mm.Players:
    """Returns a start at distance 3 from the solution, for each player in a random direction."""
    draws = jax.random.normal(key, (2, dimension))
    return mm.Players(*(3 * draw / jnp.linalg.norm(draw) for draw in draws))


def run(config: Config) -> dict[str, Any]:
    """Runs all dimensions and returns the content of the JSON file."""
    found = {f"{d}": run_dimension(config, d) for d in config.dimensions}
    return {"config": dataclasses.asdict(config), **environment(), "dimensions": found}


def run_dimension(config: Config, dimension: int) -> dict[str, list[Any]]:
    """Runs all seeds in one dimension.

    Returns:
      By seed: status, numbers of proposals, accepted proposals and ascent steps, and the distances
      of both players from the solution.
    """
    played = game(dimension)
    optimizer = mm.greedy(
        optax.chain(optax.sgd(config.learning_rate), mm.add_noise(config.stddev / dimension**0.5)),
        optax.sgd(config.learning_rate),
        max_ascent_steps=config.max_ascent_steps,
        gradient_tolerance=config.tolerance,
        min_improvement=config.min_improvement,
        max_rejections=config.rejections - 1,
        stochastic=False,
    )

    @jax.jit
    def solve(seed: jax.Array) -> Any:
        key = jax.random.key(seed)
        return mm.solve(
            optimizer,
            played.field_fn,
            start(dimension, jax.random.fold_in(key, 1)),
            config.proposals,
            payoff_fn=played.payoff_fn,
            key=key,
        )

    ends = [solve(jnp.asarray(seed)) for seed in range(config.seeds)]
    return {
        "status": [mm.GreedyStatus(int(end.state.status)).name for end in ends],
        "proposals": [int(end.state.count) for end in ends],
        "accepted": [int(end.state.accepted) for end in ends],
        "ascent_steps": [int(end.state.total_ascent_steps) for end in ends],
        **{
            side: [round(float(jnp.linalg.norm(getattr(end.players, side))), 4) for end in ends]
            for side in ("min", "max")
        },
    }


def medians(found: dict[str, list[Any]], name: str) -> tuple[float, float, float]:
    """Returns median, lowest and highest value over the seeds."""
    values = np.asarray(found[name], float)
    return float(np.median(values)), float(values.min()), float(values.max())
