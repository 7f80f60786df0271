"""F1, F2 and F3 from (5.5, 5.5): the greedy method, descent–ascent, OMD and extragradient.

    python -m experiments.greedy.functions            # the record: seconds
    python -m experiments.greedy.functions --redraw   # the figure again, from the JSON

Settings of the authors' script: rate 0.05; ours proposes x + N(0, ½²), answers by ascent until
|∂_y f| ≤ 0.001, accepts an improvement of 0.03 and stops after 20 rejections in a row. All seeds
of ours are one vmapped `mm.solve`; the other three are deterministic, one run each.
"""

import dataclasses
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import tyro

import minmax_jax as mm
from experiments._shared.proportions import share
from experiments.greedy.functions import figure as functions_figure

RESULTS = Path(__file__).parents[2] / "results" / "greedy" / "functions"
OTHERS = {"GDA": mm.sgda, "OMD": mm.optimistic_gda, "extragradient": mm.extragradient}


@dataclasses.dataclass(frozen=True)
class Config:
    """The greedy method on the authors' three functions, beside three others."""

    functions: tuple[str, ...] = ("F1", "F2", "F3")
    """Which functions."""
    seeds: int = 20
    """Seeds 0, 1, ... of ours; the others are deterministic."""
    learning_rate: float = 0.05
    """Of ascent and of the other methods."""
    stddev: float = 0.5
    """Of the proposals of x."""
    min_improvement: float = 0.03
    """δ, what a proposal must gain."""
    tolerance: float = 1e-3
    """|∂_y f| at which an ascent ends."""
    max_ascent_steps: int = 2000
    """Cap of an ascent."""
    rejections: int = 20
    """Rejections in a row after which a run stops."""
    proposals: int = 400
    """Cap of the proposals."""
    steps: int = 1000
    """Updates of the other methods."""


def ours(config: Config, game: Any) -> dict[str, Any]:
    """All seeds: paths of accepted points, status, proposals, ends."""
    optimizer = mm.greedy(
        optax.chain(optax.set_to_zero(), mm.add_noise(config.stddev)),
        optax.sgd(config.learning_rate),
        max_ascent_steps=config.max_ascent_steps,
        gradient_tolerance=config.tolerance,
        min_improvement=config.min_improvement,
        max_rejections=config.rejections - 1,  # it stops at one more than this
        stochastic=False,
    )

    @jax.jit
    @jax.vmap
    def solve(key: jax.Array) -> Any:
        return mm.solve(
            optimizer, game.field_fn, game.start, config.proposals,
            payoff_fn=game.payoff_fn, key=key, record=lambda step, z, updates, state: z,
        )  # fmt: skip

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


def other(config: Config, make: Callable[..., Any], game: Any) -> dict[str, Any]:
    """One run: its path until it leaves all bounds, its end, and what that is."""

    def solve() -> Any:
        return mm.solve(
            make(config.learning_rate), game.field_fn, game.start, config.steps,
            record=lambda step, z, updates, state: z,
        ).records  # fmt: skip

    track = path(game, jax.tree.map(np.asarray, jax.jit(solve)()))
    return {"outcome": outcome(track, config.steps), "end": track[-1], "paths": [track]}


def path(game: Any, records: mm.Players) -> list[list[float]]:
    """The start and the points where something moved, up to the first beyond 1000."""
    points = np.stack([np.append(s, r) for s, r in zip(game.start, records, strict=True)], -1)
    beyond = ~(np.abs(points) < 1e3).all(-1)
    if beyond.any():
        points = points[: beyond.argmax()]
    moved = np.append(True, (np.diff(points, axis=0) != 0).any(-1))
    return points[moved].astype(float).round(3).tolist()


def outcome(track: list[list[float]], steps: int) -> str:
    """diverges, settles (where) or cycles, by the last tenth of a path."""
    points = np.asarray(track)
    tail = points[-max(steps // 10, 2) :]
    grows = np.abs(points[-1]).max() > 50
    if grows:
        return "diverges"
    if np.ptp(tail, axis=0).max() < 0.05:
        x, y = points[-1] + 0.0  # no negative zero
        return f"settles at ({x:.2f}, {y:.2f})"
    return "cycles"


def run(config: Config) -> dict[str, Any]:
    """Returns what the JSON holds."""
    games = {name: mm.games.keswani(name) for name in config.functions}
    return {
        "config": dataclasses.asdict(config),
        "hardware": f"{os.cpu_count()} CPU cores",
        "jax": jax.__version__,
        "functions": {
            name: {
                "ours": ours(config, game),
                **{title: other(config, make, game) for title, make in OTHERS.items()},
            }
            for name, game in games.items()
        },
    }


def table(result: dict[str, Any]) -> str:
    """The table for `experiments/README.md`."""
    lines = ["| function | ours: status | mean \\|x\\|, \\|y\\| at the end | proposals (range) | "
             + " | ".join(OTHERS) + " |", "|---|---|---|---|" + "---|" * len(OTHERS)]  # fmt: skip
    for name, found in result["functions"].items():
        mine = found["ours"]
        kinds = {s: mine["status"].count(s) for s in sorted(set(mine["status"]))}
        status = ", ".join(f"{s} {share(k, len(mine['status']))}" for s, k in kinds.items())
        x, y = np.abs(mine["ends"]).mean(axis=0)
        spread = np.asarray(mine["proposals"])
        others = " | ".join(found[title]["outcome"] for title in OTHERS)
        lines.append(f"| {name} | {status} | {x:.2f}, {y:.2f} | {spread.mean():.0f} "
                     f"({spread.min()}–{spread.max()}) | {others} |")  # fmt: skip
    return "\n".join(lines)


def main(config: Config, *, redraw: bool = False, out: Path = RESULTS) -> None:
    """The greedy method and three others on F1, F2 and F3.

    Args:
      config: what is run.
      redraw: draw the figure again from the JSON, without running anything.
      out: the folder of the JSON and the figure.
    """
    path = out / "functions.json"
    if not redraw:
        result = run(config)
        out.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(result, allow_nan=False) + "\n")
    result = json.loads(path.read_text())
    functions_figure.draw(result, path.with_suffix(".png"))
    print(table(result))


if __name__ == "__main__":
    tyro.cli(main, config=(tyro.conf.OmitArgPrefixes,))
