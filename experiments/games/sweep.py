"""One method on one game: all rates and starts in one program, its price, what it reached."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import minmax_jax as mm
from experiments.games.suite import Config, centre, flat, make_optimizer, starts

FALLBACK_RATE = 0.1
TRAIL = 120  # updates of a trajectory that are kept for the figure


def trajectories(config: Config, factory: Callable[..., Any], game: mm.games.Game) -> np.ndarray:
    """Returns (rates, seeds, 1 + updates, n): every run, in one compiled program."""

    def run(rate: jax.Array, start: mm.Players, key: jax.Array) -> jax.Array:
        return mm.solve(
            make_optimizer(factory, rate, game), game.field_fn, start, config.budget,
            payoff_fn=game.payoff_fn, key=key, record=lambda step, z, updates, state: flat(z),
        ).records  # fmt: skip

    points = starts(game, config.seeds)
    keys = jax.vmap(jax.random.key)(jnp.arange(config.seeds))
    sweep = jax.jit(jax.vmap(jax.vmap(run, (None, 0, 0)), (0, None, None)))
    seen = np.asarray(sweep(jnp.asarray(config.learning_rates()), points, keys))
    first = np.asarray(jax.vmap(flat)(points))[None, :, None]
    return np.concatenate([np.broadcast_to(first, (*seen.shape[:2], 1, seen.shape[3])), seen], 2)


def prices(config: Config, factory: Callable[..., Any], game: mm.games.Game) -> list[float]:
    """Returns the oracle calls executed an update, at each rate, from seed 0's start."""
    counted = mm.diagnostics.field_evaluations(game.field_fn)
    start = jax.tree.map(lambda x: x[0], starts(game, config.seeds))

    @jax.jit
    def run(rate: jax.Array) -> mm.Players:
        return mm.solve(
            make_optimizer(factory, rate, game), counted, start, config.priced_updates,
            payoff_fn=game.payoff_fn, key=jax.random.key(0),
        ).players  # fmt: skip

    found = []
    for rate in config.learning_rates():
        counted.reset()
        jax.block_until_ready(run(jnp.asarray(rate)))
        found.append(sum(counted.counts()) / config.priced_updates)
    return found


def calls_to_stay(
    distances: np.ndarray, tolerance: float, price: list[float], budget: int
) -> np.ndarray:
    """Returns (rates, seeds) oracle calls after which a run stays within the tolerance.

    Of runs that are not within it when the budget is spent: inf. `distances` is (rates,
    seeds, 1 + updates), that of the start first.
    """
    calls = np.full(distances.shape[:2], np.inf)
    for row, (runs, paid) in enumerate(zip(distances, price, strict=True)):
        runs = runs[:, : int(budget // paid) + 1]
        outside = ~(runs <= tolerance * runs[:, :1])  # NaN is outside
        last = runs.shape[1] - 1 - np.argmax(outside[:, ::-1], axis=1)  # the start is outside
        calls[row] = np.where(outside[:, -1], np.inf, (last + 1) * paid)
    return calls


def tune(calls: np.ndarray) -> int | None:
    """The rate that solves most starts, then with the fewest calls; None if none solves any."""
    solved = np.isfinite(calls).sum(axis=1)
    if not solved.any():
        return None
    mean = [
        row[np.isfinite(row)].mean() if n else np.inf for row, n in zip(calls, solved, strict=True)
    ]
    return int(np.lexsort((mean, -solved))[0])


def measure(config: Config, factory: Callable[..., Any], game: mm.games.Game) -> dict[str, Any]:
    """What the JSON holds of one method on one game."""
    seen = trajectories(config, factory, game)
    rates = config.learning_rates()
    drawn = int(np.argmin(np.abs(np.log(rates / FALLBACK_RATE))))
    found: dict[str, Any] = {}
    if game.solution is not None:
        price = prices(config, factory, game)
        with np.errstate(over="ignore", invalid="ignore"):
            distances = np.linalg.norm(seen - np.asarray(flat(centre(game))), axis=-1)
        found["tolerances"] = []
        for tolerance in config.tolerances:
            calls = calls_to_stay(distances, tolerance, price, config.budget)
            best = tune(calls)
            row = np.full(config.seeds, np.inf) if best is None else calls[best]
            found["tolerances"].append(
                {
                    "rate": None if best is None else float(f"{rates[best]:.4g}"),
                    "price": None if best is None else price[best],
                    "calls": [round(float(x), 1) if np.isfinite(x) else None for x in row],
                }
            )
            if tolerance == config.tolerances[0] and best is not None:
                drawn = best
    found["drawn_rate"] = float(f"{rates[drawn]:.4g}")
    if seen.shape[-1] == 2:
        found["trail"] = trail(seen[drawn, 0])
    return found


def trail(points: np.ndarray) -> list[list[float]]:
    """The first updates from seed 0, to three digits, until they leave the plane."""
    points = points[: TRAIL + 1]
    far = ~(np.abs(points).max(axis=1) < 1e3)
    points = points[: int(np.argmax(far))] if far.any() else points
    return [[float(f"{x:.3g}") for x in point] for point in points]
