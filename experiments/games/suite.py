"""The games, the starts and the methods; nothing here is chosen for one of them."""

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from jax.flatten_util import ravel_pytree

import minmax_jax as mm


@dataclasses.dataclass(frozen=True)
class Config:
    """What is run.

    Attributes:
      budget: oracle calls (field + jvp + vjp) of each run; also the most updates.
      rates: number of learning rates, logarithmic from lowest to highest, for every method.
      lowest: the lowest rate.
      highest: the highest rate.
      seeds: number of starts, seeds 0, 1, …
      tolerances: distances from the solution, relative to that of the start.
      priced_updates: updates over which oracle calls are counted, at each rate.
      spectrum_method: whose trajectory the spectra follow.
      games: names of games; none for all.
      methods: names of methods; none for all.
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
        return np.geomspace(self.lowest, self.highest, self.rates)


def dirac_non_saturating() -> mm.games.Game:
    """General-sum: methods that compare values get the payoff that the discriminator ascends."""
    payoff_fn = mm.games.dirac_gan("gan").payoff_fn
    return mm.games.dirac_gan("non-saturating")._replace(payoff_fn=payoff_fn)


def uneven_bilinear(size: int = 8) -> mm.games.Game:
    """x'Ay with singular values from 1 down to 1/5, in directions drawn from seed 0."""
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
    "rock-paper-scissors": mm.games.matrix,
}


def selected(names: tuple[str, ...], available: dict[str, Any]) -> dict[str, Any]:
    """Those named, all for none, in the order of the register; unknown names are refused."""
    if unknown := [name for name in names if name not in available]:
        raise ValueError(f"unknown {unknown}; there are {list(available)}.")
    return {name: x for name, x in available.items() if not names or name in names}


def methods() -> dict[str, Callable[..., Any]]:
    """Returns every optimizer of `mm.optimizers` by name."""
    return dict(mm.optimizers)


def make_optimizer(factory: Callable[..., Any], rate: Any, game: mm.games.Game) -> Any:
    """The method with its defaults; constraints, where the game has some, go to each alike."""
    return factory(rate, projection=game.projection)


def flat(players: Any) -> jax.Array:
    return ravel_pytree(players)[0]


def centre(game: mm.games.Game) -> mm.Players:
    """The solution; zero for games that have none (the local saddle itself)."""
    if game.solution is not None:
        return game.solution
    return jax.tree.map(np.zeros_like, game.start)


def starts(game: mm.games.Game, seeds: int) -> mm.Players:
    """Stacked starts in directions drawn from their seeds, as far away as the game's own."""
    middle, restore = ravel_pytree(centre(game))
    radius = np.linalg.norm(np.asarray(flat(game.start) - middle))

    def start(seed: int) -> mm.Players:
        direction = np.random.default_rng(seed).normal(size=middle.size)
        z = restore(middle + radius * direction / np.linalg.norm(direction))
        return z if game.projection is None else game.projection(z)

    return jax.tree.map(lambda *leaves: np.stack(leaves), *map(start, range(seeds)))
