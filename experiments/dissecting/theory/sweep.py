"""Runs of all learning rates and seeds of a method, in vmapped programs."""

import math
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import minmax_jax as mm
from experiments._shared.rounding import round_significant
from experiments.dissecting.theory.config import METHODS, Setting, make_game
from minmax_jax import games

LETTERS = "BSAND"
"""Letters of games.OUTCOMES. The JSON files contain one letter per seed."""
THREADS = 2
# Number of runs per program. On two cores, 128 to 1024 runs in the span take the same time per run.
# In full dimension, the parameters and moments of a program have to fit in the cache.
SPAN_RUNS, FULL_PARAMETERS = 512, 400_000


def learning_rates(setting: Setting, method: str) -> mm.Players:
    """Returns the learning rates of each player's grid axis."""
    given = mm.Players(min=setting.rates_min, max=setting.rates_max)
    return mm.Players(
        *(
            np.array(rates) if rates else np.logspace(decades[0], decades[1], setting.grid)
            for rates, decades in zip(given, METHODS[method].decades, strict=True)
        )
    )


def starts(setting: Setting, method: str) -> mm.Players:
    """Returns the start of every seed, in the span if the method commutes with rotations."""
    reduce = games.modes_span if METHODS[method].rotates else lambda players: players

    def start(seed: jax.Array) -> mm.Players:
        return reduce(make_game(setting, seed).start)

    return jax.jit(jax.vmap(start))(jnp.arange(setting.seeds))


def sweep(
    setting: Setting, method: str, tick: Callable[[int, int], None] = lambda done, of: None
) -> dict[str, Any]:
    """Runs every pair of learning rates from every seed.

    Args:
      setting: Game, grid and seeds.
      method: Name in `METHODS`.
      tick: Called with the number of finished programs and the number of all programs.

    Returns:
      The method's part of the JSON file.
    """
    began, cpu = time.perf_counter(), time.process_time()
    axes = learning_rates(setting, method)
    with jax.enable_x64(setting.precision == "float64"):
        players = starts(setting, method)
        cells = np.meshgrid(axes.max, axes.min, np.arange(setting.seeds), indexing="ij")
        runs = [axis.ravel() for axis in cells]
        program = jax.jit(jax.vmap(one_run(setting, method), (0, 0, 0, None)))
        parts = list(split(runs, runs_at_once(setting, method)))
        compiled = program.lower(*map(jnp.asarray, parts[0]), players).compile()
    done = []

    def work(part: list[np.ndarray]) -> Any:
        with jax.enable_x64(setting.precision == "float64"):  # The setting is per thread.
            ends = jax.tree.map(np.asarray, compiled(*map(jnp.asarray, part), players))
        done.append(1)
        tick(len(done), len(parts))
        return ends

    with ThreadPoolExecutor(THREADS) as pool:
        ends = list(pool.map(work, parts))
    whole = jax.tree.map(lambda *arrays: np.concatenate(arrays)[: len(runs[0])], *ends)
    return {
        "rates_min": axes.min.tolist(),
        "rates_max": axes.max.tolist(),
        **summarize(whole, (len(axes.max), len(axes.min), setting.seeds)),
        "seconds": round(time.perf_counter() - began, 1),
        "cpu_seconds": round(time.process_time() - cpu, 1),
    }


def runs_at_once(setting: Setting, method: str) -> int:
    """Returns the number of runs per program."""
    if METHODS[method].rotates:
        return SPAN_RUNS
    return max(1, FULL_PARAMETERS // (17 * setting.dimension))


def split(runs: list[np.ndarray], size: int) -> Iterable[list[np.ndarray]]:
    """Splits runs into parts of equal size, at most `size`.

    The last part repeats its last run as often as necessary.
    """
    count = math.ceil(len(runs[0]) / size)
    size = math.ceil(len(runs[0]) / count)
    for first in range(0, len(runs[0]), size):
        index = np.minimum(np.arange(first, first + size), len(runs[0]) - 1)
        yield [axis[index] for axis in runs]


def one_run(setting: Setting, method: str) -> Callable[..., dict[str, jax.Array]]:
    """Returns a function of learning rates, seed and starts that observes the end of one run."""
    field_fn = make_game(setting).field_fn

    def run(
        rate_max: jax.Array, rate_min: jax.Array, seed: jax.Array, players: mm.Players
    ) -> dict[str, jax.Array]:
        start = jax.tree.map(lambda leaf: leaf[seed], players)
        optimizer = METHODS[method].optimizer(mm.Players(min=rate_min, max=rate_max))
        # Samples depend on the seed but not on the learning rates.
        key = None if setting.batch_size is None else jax.random.fold_in(jax.random.key(7), seed)
        end = mm.solve(optimizer, field_fn, start, setting.steps, key=key).players
        return observe(setting, end)

    return run


def observe(setting: Setting, players: mm.Players) -> dict[str, jax.Array]:
    """Returns the outcome of a run, and the ratio of its gradient norms in expectation."""
    correlation = setting.correlation
    coefficient = 1.0 if setting.scale is None else setting.scale / math.sqrt(setting.dimension)
    v = players.min["v"]
    norms = jnp.linalg.norm(v, axis=-1)
    near = v[:, :2] @ games.modes_points(correlation).T >= 0.9 * norms[:, None]
    there = near.any(-1) & (norms >= 0.05)
    observed = {
        "outcome": games.modes_outcome(players, correlation=correlation),
        "pace": mm.diagnostics.norm_ratio(make_game(setting, exact=True).field_fn(players)),
        "fake_probability": games.modes_fake_probability(
            players, bias_coefficient=coefficient, linear_beyond=setting.linear_beyond
        ),
        "latents_at_a_mode": there.mean(),
        "their_norm": jnp.where(there, norms, 0).sum() / there.sum(),
    }
    if setting.latents == "sparse":
        z = jax.random.bernoulli(jax.random.key(8), 1 / len(v), (2000, len(v))).astype(v.dtype)
        observed["outcome_of_sparse"] = games.modes_outcome(
            players, correlation=correlation, latents=z
        )
    return observed


def summarize(seen: dict[str, np.ndarray], shape: tuple[int, ...]) -> dict[str, Any]:
    """Returns outcomes as letters in the order of seeds, and medians over runs."""
    seen = {name: values.reshape(shape) for name, values in seen.items()}
    alive = seen["outcome"] != games.OUTCOMES.index("diverged")
    won = seen["outcome"] == games.OUTCOMES.index("both")
    letters = {
        name.replace("outcome", "outcomes"): [
            ["".join(LETTERS[i] for i in cell) for cell in row] for row in values
        ]
        for name, values in seen.items()
        if name.startswith("outcome")
    }
    return {
        **letters,
        "where_alive": {name: median(seen[name][alive]) for name in ("pace", "fake_probability")},
        "where_both": {
            name: median(seen[name][won]) for name in ("latents_at_a_mode", "their_norm")
        },
    }


def median(values: np.ndarray) -> float | None:
    """Returns the median of the finite values with three digits, or None if there is none."""
    finite = values[np.isfinite(values)]
    return round_significant(np.median(finite), 3) if finite.size else None
