"""Runs every method on every game, and summarizes the averages over seeds."""

import dataclasses
import time
from pathlib import Path
from typing import Any

import jax
import numpy as np

from experiments._shared.command import environment
from experiments._shared.parts import read_or_run
from experiments._shared.rounding import round_significant
from experiments.one_sided.theory import games
from experiments.one_sided.theory.config import (
    SCHEDULES,
    Config,
    horizons_of,
    learning_rates_of,
)
from experiments.one_sided.theory.sweep import sweep
from minmax_jax import diagnostics

LIPSCHITZ = {"drift": games.DRIFT_LIPSCHITZ_X, "resonance": games.RESONANCE_LIPSCHITZ_X}
"""Games that satisfy the one-sided MVI, with the Lipschitz constant of ∇_x f in x."""


def run(config: Config) -> dict[str, Any]:
    """Runs every method on every game and returns the content of the JSON file."""
    begin, found = time.perf_counter(), {}
    for game in config.games:
        found[game] = {}
        for method in config.methods:
            found[game][method] = run_cell(config, game, method)
            print(f"{time.perf_counter() - begin:5.0f} s  {game}, {method}", flush=True)
    return {
        "config": dataclasses.asdict(config),
        "command": "python -m experiments.one_sided.theory",
        **environment(),
        "seconds": round(time.perf_counter() - begin, 1),
        "horizons": horizons_of(config).tolist(),
        "games": found,
    }


def run_cell(config: Config, game: str, method: str) -> dict[str, Any]:
    """Runs one method on one game, or reads its result if it is finished.

    Raises:
      ConfigError: If the finished part has another configuration.
    """
    free = ("games", "methods", "runs")
    fields = {k: v for k, v in dataclasses.asdict(config).items() if k not in free}
    path = Path(config.runs) / f"{game}-{method}.json"

    def compute() -> dict[str, Any]:
        return summarize(config, game, method, sweep(config, game, method))

    return read_or_run(path, fields, compute)


def summarize(
    config: Config, game: str, method: str, averages: dict[str, np.ndarray]
) -> dict[str, Any]:
    """Summarizes one method on one game, by schedule and noise, at the tuned learning rate.

    Args:
      config: Configuration of the experiment.
      game: Name of the game.
      method: Name of the method.
      averages: Arrays that `sweep` returned.
    """
    out: dict[str, Any] = {}
    for s, schedule in enumerate(SCHEDULES):
        out[schedule] = {}
        for n, noise in enumerate(config.noises):
            part = {name: values[:, s, n] for name, values in averages.items()}
            tuning = np.median(part["min"][:, config.seeds :, -1], axis=1)
            stays = game not in LIPSCHITZ or approaches(config, part["distance"])
            allowed = np.isfinite(tuning) & stays
            if not np.any(allowed):
                raise RuntimeError(
                    f"theory: {method} on {game} ({schedule}, noise {noise:g}) diverges or leaves "
                    "x* at every learning rate. Lower PLAIN_LEARNING_RATES or ADAM_LEARNING_RATES."
                )
            best = int(np.argmin(np.where(allowed, tuning, np.inf)))
            kept = {name: values[best, : config.seeds] for name, values in part.items()}
            out[schedule][f"{noise:g}"] = {
                "rate": float(learning_rates_of(method)[best]),
                "tuning": round_significant(tuning),
                **{name: quantiles(kept[name]) for name in ("min", "max", "moved")},
                "slope": slope(config, kept["min"]),
                "at_edge": best in (0, len(tuning) - 1),
                "ends": round_significant(kept["min"][:, -1]),
            }
            if method == "extragradient" and noise == 0 and game in LIPSCHITZ:
                out[schedule]["bound"] = relative_to_bound(config, game, part)
    return out


def approaches(config: Config, distances: np.ndarray) -> np.ndarray:
    """Returns whether x is on average no farther from x* = 0 than at the start, by learning rate.

    Far from x* these games are flat, so ∇_x f is small there, too.

    Args:
      config: Configuration of the experiment.
      distances: Averages of ‖x_t‖² of shape (learning rate, seed, horizon). The first horizon is
        the start. Only the tuning seeds count.
    """
    tuning = np.median(distances[:, config.seeds :], axis=1)
    return tuning[:, -1] <= tuning[:, 0] * (1 + 1e-9)


def quantiles(values: np.ndarray) -> dict[str, list[float]]:
    """Returns median, 10 % and 90 % quantiles over seeds at each horizon."""
    rows = np.quantile(values, [0.1, 0.5, 0.9], axis=0)
    return dict(zip(("low", "median", "high"), round_significant(rows), strict=True))


def slope(config: Config, averages: np.ndarray) -> list[float | None]:
    """Fits d log(average) / d log T over the last decade.

    Returns:
      Mean over seeds, and the ends of its 95 % bootstrap interval.
    """
    ends = horizons_of(config)
    late = ends >= config.steps / 10
    slopes = [
        np.polyfit(np.log(ends[late]), np.log(np.maximum(row[late], 1e-300)), 1)[0]
        for row in averages
    ]
    interval = diagnostics.bootstrap_interval(np.array(slopes), key=jax.random.key(0), block_size=1)
    return [round_significant(float(part)) for part in interval]


def relative_to_bound(config: Config, game: str, averages: dict[str, np.ndarray]) -> dict[str, Any]:
    """Divides extragradient's averages by their bound, at every learning rate that it covers.

    The bound is 2‖x_0‖²/(η²T) + (4L²/T) Σ ‖y_{t+½} − y_t‖².

    Returns:
      Learning rates, and the largest ratio over seeds and horizons for each.
    """
    lipschitz, ends = LIPSCHITZ[game], horizons_of(config)
    starts = [games.GAMES[game](seed).start.min for seed in range(config.seeds)]
    distance = np.array([float(np.sum(np.square(start))) for start in starts])[:, None]
    ratios, covered = [], []
    for index, learning_rate in enumerate(learning_rates_of("extragradient")):
        if learning_rate > 1 / (2 * lipschitz) * (1 + 1e-6):
            continue
        motion = 4 * lipschitz**2 * averages["extrapolated"][index, : config.seeds]
        bound = 2 * distance / (learning_rate**2 * ends) + motion
        ratios.append(float(np.max(averages["min"][index, : config.seeds] / bound)))
        covered.append(float(learning_rate))
    return {"rates": covered, "largest_ratio": round_significant(ratios)}
