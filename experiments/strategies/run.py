"""Exploitability of each method over oracle calls, with tuned learning rates."""

import dataclasses
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import minmax_jax as mm
from experiments._shared.command import environment
from experiments._shared.oracle_calls import listed, thinned

NONE = mm.Players(min=None, max=None)


@dataclasses.dataclass(frozen=True)
class Config:
    """Compare methods on games with mixed strategies.

    Attributes:
      budget: Oracle calls per run.
      rates: Number of logarithmically spaced learning rates.
      lowest: Lowest learning rate.
      highest: Highest learning rate.
      seeds: Number of random starts, with seeds 0, 1, ...
      strength: Strength of the magnet of magnetic mirror descent.
      tolerances: Exploitabilities at which oracle calls are reported.
      drawn: Tolerance by which the learning rate of the figure is chosen.
    """

    budget: int = 4000
    rates: int = 9
    lowest: float = 1e-2
    highest: float = 100.0
    seeds: int = 8
    strength: float = 0.01
    tolerances: tuple[float, ...] = (1e-2, 1e-4)
    drawn: float = 1e-2


def random_matrix(size: int = 10) -> mm.games.Game:
    """Returns the matrix game with standard normal payoffs of seed 0."""
    return mm.games.matrix(np.random.default_rng(0).normal(size=(size, size)))


GAMES: dict[str, tuple[Callable[[], mm.games.Game], mm.Players]] = {
    "rock-paper-scissors": (mm.games.matrix, NONE),
    "random 10×10": (random_matrix, NONE),
    "Kuhn poker": (mm.games.kuhn_poker, mm.games.KUHN_POKER_PARENTS),
}
"""Games, and the parents of their decisions."""

Method = Callable[[Any, mm.games.Game, mm.Players, Config], Any]


def _entropic(factory: Callable[..., Any]) -> Method:
    def make(rate: Any, game: mm.games.Game, parents: mm.Players, config: Config) -> Any:
        return factory(rate, projection=mm.Players(*map(mm.exponentiate, parents)))

    return make


def _projected(factory: Callable[..., Any]) -> Method:
    return lambda rate, game, parents, config: factory(rate, projection=game.projection)


def _magnetic(rate: Any, game: mm.games.Game, parents: mm.Players, config: Config) -> Any:
    pull = (mm.magnetic(config.strength, parents=side) for side in parents)
    steps = map(mm.exponentiate, parents)
    return mm.sgda(rate, transform=mm.Players(*pull), projection=mm.Players(*steps))


METHODS: dict[str, Method] = {
    "multiplicative weights": _entropic(mm.sgda),
    "optimistic multiplicative weights": _entropic(mm.optimistic_gda),
    "mirror prox": _entropic(mm.extragradient),
    "magnetic mirror descent": _magnetic,
    "projected sgda": _projected(mm.sgda),
    "projected optimistic_gda": _projected(mm.optimistic_gda),
    "projected extragradient": _projected(mm.extragradient),
}
"""Methods with a learning rate."""


def matching(parents: mm.Players, *, plus: bool) -> Any:
    """Returns alternating regret matching with linear averages, which has no learning rate."""
    low, high = (mm.regret_matching(plus=plus, parents=side) for side in parents)
    return mm.average(mm.alternate(min=low, max=high), "linear")


MATCHING = {"regret matching": False, "regret matching+": True}
"""Methods without a learning rate, whose average is reported, and their argument `plus`."""


def starts(game: mm.games.Game, parents: mm.Players, seeds: int) -> mm.Players:
    """Returns stacked random strategies: one random entropic step from the start of the game."""

    def start(key: jax.Array) -> mm.Players:
        keys = jax.random.split(key, 2)
        step = mm.Players(*map(mm.exponentiate, parents))
        moved = []
        for side, z, tx in zip(keys, game.start, step, strict=True):
            noise = jax.tree.map(lambda x, side=side: jax.random.normal(side, x.shape), z)
            moved.append(jax.tree.map(jnp.add, z, tx.update(noise, tx.init(z), z)[0]))
        return mm.Players(*moved)

    return jax.vmap(start)(jax.vmap(jax.random.key)(jnp.arange(seeds)))


def run(config: Config) -> dict[str, Any]:
    """Runs all methods on all games, and returns the content of the JSON file."""
    began = time.perf_counter()
    games = {}
    with jax.enable_x64(True):
        for label, (make_game, parents) in GAMES.items():
            game = make_game()
            points = starts(game, parents, config.seeds)
            games[label] = {
                **{name: _tuned(config, name, game, parents, points) for name in METHODS},
                **{name: _matched(config, name, game, parents, points) for name in MATCHING},
            }
            print(f"{label}: {time.perf_counter() - began:.0f} s", flush=True)
    return {
        "config": dataclasses.asdict(config),
        **environment(),
        "seconds": round(time.perf_counter() - began, 1),
        "games": games,
    }


def _tuned(
    config: Config, name: str, game: mm.games.Game, parents: mm.Players, points: mm.Players
) -> dict[str, Any]:
    rates = jnp.geomspace(config.lowest, config.highest, config.rates)
    tuning = mm.tune(
        lambda rate: METHODS[name](rate, game, parents, config),
        game,
        rates,
        budget=config.budget,
        starts=points,
        distance=lambda z: mm.diagnostics.exploitability(game.field_fn, z, parents=parents),
    )
    found: dict[str, Any] = {"calls": {}, "rate": {}}
    for tolerance in config.tolerances:
        best = tuning.best(tolerance, relative=False)
        calls = None if best is None else tuning.calls(tolerance, relative=False)[best, :, 0]
        found["rate"][f"{tolerance:g}"] = None if best is None else float(rates[best])
        found["calls"][f"{tolerance:g}"] = listed(calls, config.seeds)
    row = tuning.best(config.drawn, relative=False)
    if row is None:  # No learning rate reaches the tolerance: draw the lowest end.
        row = int(np.nanargmin(tuning.distances[:, :, 0, -1].mean(axis=1)))
    updates = int(config.budget // tuning.cost[row]) + 1
    return {
        **found,
        "cost": float(tuning.cost[row]),
        "curve": thinned(
            np.median(tuning.distances[row, :, 0, :updates], axis=0), "exploitability"
        ),
    }


def _matched(
    config: Config, name: str, game: mm.games.Game, parents: mm.Players, points: mm.Players
) -> dict[str, Any]:
    # Both players evaluate the field once, one after the other.
    tx, cost = matching(parents, plus=MATCHING[name]), 2
    num_updates = config.budget // cost

    def distances(start: mm.Players) -> jax.Array:
        def record(step: Any, players: Any, updates: Any, state: Any) -> jax.Array:
            mean = mm.averaged_players(state)
            return mm.diagnostics.exploitability(game.field_fn, mean, parents=parents)

        return mm.solve(tx, game.field_fn, start, num_updates, record=record).records

    seen = np.asarray(jax.jit(jax.vmap(distances))(points))
    calls = {}
    for tolerance in config.tolerances:
        outside = seen > tolerance
        last = np.where(outside.any(1), seen.shape[1] - np.argmax(outside[:, ::-1], 1), 0)
        calls[f"{tolerance:g}"] = listed(np.where(outside[:, -1], np.inf, (last + 1) * cost))
    return {
        "calls": calls,
        "rate": {},
        "cost": cost,
        "curve": thinned(np.median(seen, axis=0), "exploitability"),
    }
