"""Runs of greedy and three other methods on the authors' functions."""

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

import minmax_jax as mm
from experiments._shared.command import environment

OTHERS = {"GDA": mm.sgda, "OMD": mm.optimistic_gda, "extragradient": mm.extragradient}
"""Deterministic methods, by title."""


@dataclasses.dataclass(frozen=True)
class Config:
    """Runs of greedy and three other methods on the authors' functions."""

    functions: tuple[str, ...] = ("F1", "F2", "F3")
    """Functions to run."""
    seeds: int = 20
    """Number of seeds 0, 1, ... of greedy; the other methods are deterministic."""
    learning_rate: float = 0.05
    """Learning rate of the ascent and of the other methods."""
    stddev: float = 0.5
    """Standard deviation of the proposals of x."""
    min_improvement: float = 0.03
    """Decrease δ of the payoff that acceptance requires."""
    tolerance: float = 1e-3
    """Gradient |∂_y f| at which an ascent ends."""
    max_ascent_steps: int = 2000
    """Maximum number of steps of an ascent."""
    rejections: int = 20
    """Number of rejections in a row after which a run stops."""
    proposals: int = 400
    """Maximum number of proposals."""
    steps: int = 1000
    """Updates of the other methods."""


def run(config: Config) -> dict[str, Any]:
    """Runs all methods on all functions and returns the content of the JSON file."""
    functions = {}
    for name in config.functions:
        game = mm.games.keswani(name)
        others = {title: run_other(config, make, game) for title, make in OTHERS.items()}
        functions[name] = {"ours": run_greedy(config, game), **others}
    return {"config": dataclasses.asdict(config), **environment(), "functions": functions}


def run_greedy(config: Config, game: Any) -> dict[str, Any]:
    """Runs all seeds of greedy.

    Returns:
      By seed: status, numbers of proposals, accepted proposals and ascent steps, the end of the
      run, and the path of accepted points.
    """
    # A run stops at one rejection more than this.
    optimizer = make_greedy(config, max_rejections=config.rejections - 1)

    @jax.jit
    @jax.vmap
    def solve(key: jax.Array) -> Any:
        return mm.solve(
            optimizer,
            game.field_fn,
            game.start,
            config.proposals,
            payoff_fn=game.payoff_fn,
            key=key,
            record=lambda step, z, updates, state: z,
        )

    end = jax.tree.map(np.asarray, solve(jax.vmap(jax.random.key)(jnp.arange(config.seeds))))
    counts = end.state.count
    paths = [
        path(game, mm.Players(end.records.min[i, :n], end.records.max[i, :n]))
        for i, n in enumerate(counts)
    ]
    return {
        "status": [mm.GreedyStatus(int(s)).name for s in end.state.status],
        "proposals": counts.tolist(),
        "accepted": end.state.accepted.tolist(),
        "ascent_steps": end.state.total_ascent_steps.tolist(),
        "ends": np.stack([end.players.min, end.players.max], -1).round(4).tolist(),
        "paths": paths,
    }


def make_greedy(config: Any, **accept: Any) -> Any:
    """Returns greedy with normally distributed proposals of x and ascent of y.

    Args:
      config: Constants of the proposals and of the ascent.
      **accept: Arguments of `mm.greedy` on acceptance and on the end of a run.
    """
    return mm.greedy(
        optax.chain(optax.set_to_zero(), mm.add_noise(config.stddev)),
        optax.sgd(config.learning_rate),
        max_ascent_steps=config.max_ascent_steps,
        gradient_tolerance=config.tolerance,
        min_improvement=config.min_improvement,
        stochastic=False,
        **accept,
    )


def run_other(config: Config, make: Callable[..., Any], game: Any) -> dict[str, Any]:
    """Runs a deterministic method; returns its path, its end and the outcome."""

    def solve() -> Any:
        return mm.solve(
            make(config.learning_rate),
            game.field_fn,
            game.start,
            config.steps,
            record=lambda step, z, updates, state: z,
        ).records

    track = path(game, jax.tree.map(np.asarray, jax.jit(solve)()))
    return {"outcome": outcome(track, config.steps), "end": track[-1], "paths": [track]}


def path(game: Any, records: mm.Players) -> list[list[float]]:
    """Returns the start and all points that differ from their predecessors.

    The path ends before the first point with a coordinate of 1000 or more.
    """
    points = np.stack([np.append(s, r) for s, r in zip(game.start, records, strict=True)], -1)
    beyond = ~(np.abs(points) < 1e3).all(-1)
    if beyond.any():
        points = points[: beyond.argmax()]
    moved = np.append(True, (np.diff(points, axis=0) != 0).any(-1))
    return points[moved].astype(float).round(3).tolist()


def outcome(track: list[list[float]], steps: int) -> str:
    """Classifies a path by its last tenth: diverges, settles at a point, or cycles."""
    points = np.asarray(track)
    tail = points[-max(steps // 10, 2) :]
    if np.abs(points[-1]).max() > 50:
        return "diverges"
    if np.ptp(tail, axis=0).max() < 0.05:
        x, y = points[-1] + 0.0  # Adding 0.0 turns −0.0 into 0.0.
        return f"settles at ({x:.2f}, {y:.2f})"
    return "cycles"
