"""Configuration, games, methods and starts, the same for all methods."""

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from jax.flatten_util import ravel_pytree

import minmax_jax as mm
from experiments.games.variants import VARIANTS


@dataclasses.dataclass(frozen=True)
class Config:
    """Run all optimizers on small games.

    Attributes:
      budget: Oracle calls (field, JVP and VJP evaluations) per run, and maximum number of updates.
      rates: Number of logarithmically spaced learning rates.
      lowest: Lowest learning rate.
      highest: Highest learning rate.
      seeds: Number of starts, with seeds 0, 1, ...
      tolerances: Distances from the solution, relative to the distance of the start.
      priced_updates: Updates over which oracle calls are counted, for each learning rate.
      spectrum_method: Method along whose trajectory spectra are computed.
      games: Names of games. Default: all.
      methods: Names of methods. Default: all.
    """

    budget: int = 2000
    rates: int = 9
    lowest: float = 1e-3
    highest: float = 10.0
    seeds: int = 8
    tolerances: tuple[float, ...] = (1e-2, 1e-4)
    priced_updates: int = 20
    spectrum_method: str = "extragradient"
    games: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()

    def learning_rates(self) -> np.ndarray:
        """Returns the learning rates of every method."""
        return np.geomspace(self.lowest, self.highest, self.rates)


def dirac_non_saturating() -> mm.games.Game:
    """Returns the non-saturating Dirac-GAN with the discriminator's payoff.

    Methods that compare payoffs use the one that the discriminator ascends.
    """
    payoff_fn = mm.games.dirac_gan("gan").payoff_fn
    return mm.games.dirac_gan("non-saturating")._replace(payoff_fn=payoff_fn)


def polar() -> mm.games.Game:
    """Returns the polar game with the min player's loss as payoff, for methods that compare it."""

    def min_loss(z: mm.Players) -> jax.Array:
        square = z.min**2 + z.max**2
        return (16 / 3 * square**3 - 25 / 2 * square**2 + 9 * square) / 96 - z.min * z.max

    return mm.games.polar()._replace(payoff_fn=mm.payoff(min_loss))


def uneven_bilinear(size: int = 8) -> mm.games.Game:
    """Returns the game xᵀAy, where A has singular values from 1 to 1/5 and random directions."""
    rng = np.random.default_rng(0)
    left, right = (np.linalg.qr(rng.normal(size=(size, size)))[0] for _ in range(2))
    return mm.games.bilinear(left @ np.diag(np.geomspace(1.0, 0.2, size)) @ right)


GAMES: dict[str, Callable[[], mm.games.Game]] = {
    "xy": mm.games.bilinear,
    "bilinear 8×8": uneven_bilinear,
    "quadratic": lambda: mm.games.quadratic(0.5, 4.0, 1.5),
    "local saddle (F2)": lambda: mm.games.quadratic(6.0, 4.0, -2.0),
    "Dirac GAN": mm.games.dirac_gan,
    "Dirac, non-sat.": dirac_non_saturating,
    "Dirac, penalty": lambda: mm.games.dirac_gan("gradient-penalty"),
    "F1": lambda: mm.games.keswani("F1"),
    "F3": lambda: mm.games.keswani("F3"),
    "Forsaken": mm.games.forsaken,
    "polar": polar,
    "rock-paper-scissors": mm.games.matrix,
}


def selected(names: tuple[str, ...], available: dict[str, Any]) -> dict[str, Any]:
    """Returns the named entries in the order of `available`, or all if no name is given.

    Raises:
      ValueError: If a name is unknown.
    """
    if unknown := [name for name in names if name not in available]:
        raise ValueError(f"unknown names {unknown}; choose from {list(available)}.")
    return {name: value for name, value in available.items() if not names or name in names}


def methods() -> dict[str, Callable[..., Any]]:
    """Returns every optimizer of `mm.optimizers` and the variants by name."""
    return {**mm.optimizers, **VARIANTS}


def make_optimizer(factory: Callable[..., Any], learning_rate: Any, game: mm.games.Game) -> Any:
    """Returns a method with its default options and the projection of the game."""
    return factory(learning_rate, projection=game.projection)


def flat(players: Any) -> jax.Array:
    """Returns all parameters as one vector."""
    return ravel_pytree(players)[0]


def center(game: mm.games.Game) -> mm.Players:
    """Returns the solution, or zero for games without one (the local saddle)."""
    if game.solution is not None:
        return game.solution
    return jax.tree.map(np.zeros_like, game.start)


def starts(game: mm.games.Game, seeds: int) -> mm.Players:
    """Returns stacked starts in random directions, as far from the center as the game's start."""
    middle, restore = ravel_pytree(center(game))
    radius = np.linalg.norm(np.asarray(flat(game.start) - middle))

    def start(seed: int) -> mm.Players:
        direction = np.random.default_rng(seed).normal(size=middle.size)
        z = restore(middle + radius * direction / np.linalg.norm(direction))
        return z if game.projection is None else game.projection(z)

    return jax.tree.map(lambda *leaves: np.stack(leaves), *map(start, range(seeds)))
