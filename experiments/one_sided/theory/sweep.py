"""The runs behind `theory`: a method on a game, all rates, schedules, noises and seeds at once."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import minmax_jax as mm
from experiments.one_sided.methods import METHODS
from experiments.one_sided.theory import games

SCHEDULES = {"constant": 0.0, "dual decay": 0.5}
"""Name -> p, where the max player's rate is α (t + 1)^(−p)."""

PLAIN_RATES = (1 / 12) * 10.0 ** np.arange(-1.0, 1.01, 0.5)  # around 1/(2L) of `drift`
ADAM_RATES = 10.0 ** np.arange(-3.0, -0.99, 0.5)


@dataclasses.dataclass(frozen=True)
class Config:
    """What is run; the defaults are the figure of record."""

    steps: int = 3000
    """Updates of a run."""
    seeds: int = 16
    """Seeds that are reported: 0, 1, 2, …"""
    tune_seeds: int = 4
    """Seeds that choose the min player's rate: 1000, 1001, …"""
    rate_max: float = games.RESONANT_RATE
    """α of every method: the max player is not tuned, it moves."""
    noises: tuple[float, ...] = (0.0, 0.3)
    """Standard deviations of normal noise on each coordinate of both gradients."""
    horizons: int = 25
    """Times at which averages are kept, evenly spaced in the logarithm."""
    games: tuple[str, ...] = tuple(games.GAMES)
    """Games, by name."""
    methods: tuple[str, ...] = tuple(METHODS)
    """Methods, by name."""
    runs: str = "runs/one_sided/theory"
    """Folder of finished parts; the same command goes on from them."""


def rates_of(method: str) -> np.ndarray:
    """Five rates of the min player, half a decade apart, in the method's own units."""
    return PLAIN_RATES if method in ("sgda", "extragradient") else ADAM_RATES


def horizons_of(config: Config) -> np.ndarray:
    return np.unique(np.geomspace(1, config.steps, config.horizons).round().astype(int))


def sweep(config: Config, game_name: str, method: str) -> dict[str, np.ndarray]:
    """Runs everything of one method on one game, in one program.

    Returns:
      Arrays over (rate, schedule, noise, seed, horizon), the tuning seeds last: averages up to
      each horizon of the squared norms of ∇_x f, of ∇_y f and of α_t ∇_y f, all without noise
      at (x_t, y_t), and of the max player's steps.
    """
    ends = horizons_of(config)
    seeds = np.r_[: config.seeds, 1000 : 1000 + config.tune_seeds]
    axes = (rates_of(method), list(SCHEDULES.values()), config.noises, seeds)
    cells = [axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")]
    with jax.enable_x64(True):
        run = jax.jit(jax.vmap(lambda *cell: one_run(config, game_name, method, ends, *cell)))
        seen = run(*map(jnp.asarray, cells))
        shape = (*(len(axis) for axis in axes), len(ends))
        return {name: np.asarray(values).reshape(shape) for name, values in seen.items()}


def one_run(
    config: Config, game_name: str, method: str, ends: np.ndarray,
    rate: Any, power: Any, noise: Any, seed: Any,
) -> dict[str, jax.Array]:  # fmt: skip
    game = games.GAMES[game_name](seed)

    def payoff(z: mm.Players, key: jax.Array) -> jax.Array:
        shaken = mm.Players(*(jax.random.normal(k, x.shape)
                              for k, x in zip(jax.random.split(key), z, strict=True)))  # fmt: skip
        return game.payoff_fn(z) + noise * (shaken.min @ z.min + shaken.max @ z.max)

    def rate_max(count: Any) -> jax.Array:
        return config.rate_max * (count + 1.0) ** -power

    def squares(step: Any, z: mm.Players, updates: mm.Players) -> dict[str, jax.Array]:
        field = game.field_fn(z)
        own = jnp.sum(field.max**2)
        return {"min": jnp.sum(field.min**2), "max": own, "trial": rate_max(step) ** 2 * own,
                "moved": jnp.sum(updates.max**2)}  # fmt: skip

    optimizer = METHODS[method](mm.Players(rate, rate_max))
    records = mm.solve(
        optimizer, mm.zero_sum(payoff, stochastic=True), game.start, config.steps,
        key=jax.random.fold_in(jax.random.key(1), seed),
        # of the point after the update, where the next one begins
        record=lambda step, z, updates, state: squares(step + 1, z, updates),
    ).records  # fmt: skip
    first = squares(0, game.start, jax.tree.map(jnp.zeros_like, game.start))
    out = {}
    for name, values in records.items():
        series = jnp.concatenate([first[name][None], values[:-1]]) if name != "moved" else values
        out[name] = (jnp.cumsum(series) / jnp.arange(1, config.steps + 1))[ends - 1]
    return out
