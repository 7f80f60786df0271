"""What the accept test costs: time, temporaries and FLOPs of an update, beside descent–ascent.

    python -m experiments.greedy.cost            # a few minutes
    python -m experiments.greedy.cost --redraw   # the table and figure again, from the JSON

One update of each method at equal k is compiled by itself. The ascents have a fixed number of
steps, which are unrolled, so that XLA counts each; times are taken in turns, in one process.
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
from benchmarks import clock, counts
from experiments.greedy.cost import figure as cost_figure
from experiments.greedy.digits01 import game as digits01_game
from experiments.greedy.gaussians import game as gaussians_game

RESULTS = Path(__file__).parents[2] / "results" / "greedy" / "cost"


@dataclasses.dataclass(frozen=True)
class Config:
    """Time, temporaries and FLOPs of an update of the greedy method and of descent–ascent."""

    batch: int = 512
    """Of the Gaussians; theirs."""
    max_steps: int = 6
    """k of the Gaussians; theirs."""
    digits_batch: int = 128
    """Of the digits; theirs."""
    width: int = 256
    """Of the digits' networks; theirs."""
    rounds: int = 15
    """Turns of each method."""


def methods(k: int, rates: mm.Players) -> dict[str, optax.GradientTransformationExtraArgs]:
    """Descent–ascent and ours at the same k, in the same order of play."""
    adam = {side: optax.adam(rate, b1=0.5) for side, rate in rates._asdict().items()}
    return {
        "GDA": mm.alternate(**adam, max_steps=k, first="min"),
        "ours": mm.greedy_adam(rates, max_ascent_steps=k, accept_every=4),
        "ours, moments kept": mm.greedy_adam(
            rates, max_ascent_steps=k, accept_every=4, restore_states=False
        ),
    }


def gaussians(config: Config) -> tuple[mm.Players, Callable[[jax.Array], Any], int, mm.Players]:
    """Start, oracles of a key, k, rates."""
    sizes = gaussians_game.Sizes(batch=config.batch)
    value = gaussians_game.payoff(sizes, gaussians_game.WEIGHTS["stated"], "saturating")
    field = mm.zero_sum(value, stochastic=True)
    start = jax.jit(lambda: gaussians_game.start(sizes, jax.random.key(0)))()
    return start, lambda key: (field, value), config.max_steps, mm.Players(1e-3, 1e-4)


def digits(config: Config) -> tuple[mm.Players, Callable[[jax.Array], Any], int, mm.Players]:
    """The same; the images are noise, which costs what digits cost."""
    sizes = digits01_game.Sizes(config.width, batch=config.digits_batch)
    images = np.random.default_rng(0).integers(0, 256, (12_000, 784)).astype(np.uint8)
    images = jnp.asarray(images)
    min_loss, max_loss = digits01_game.losses(sizes)
    field = mm.general_sum(
        lambda z, draw: min_loss(z, draw, images),
        lambda z, draw: max_loss(z, draw, images), stochastic=True,
    )  # fmt: skip
    start = digits01_game.start(sizes, jax.random.key(0))
    value = lambda z, draw: -max_loss(z, draw, images)  # noqa: E731
    return start, lambda key: (field, value), 1, mm.Players(2e-4, 2e-4)


GAMES = {"four Gaussians": gaussians, "MNIST 0/1": digits}


def measure(config: Config, game: str, draws: str) -> dict[str, Any]:
    """One game, each oracle call of an update on its own batch (fresh) or all on one (common)."""
    start, oracles, k, rates = GAMES[game](config)
    key, programs, states = jax.random.key(1), {}, {}
    for name, optimizer in methods(k, rates).items():

        def update(z: mm.Players, state: Any, key: jax.Array, optimizer: Any = optimizer) -> Any:
            field_fn, payoff_fn = oracles(key)

            def at(draw: Any) -> jax.Array:
                return jax.random.fold_in(key, draw if draws == "fresh" else 0)

            field = lambda z, draw=0: field_fn(z, at(draw))  # noqa: E731
            updates, state = optimizer.update(
                field(z), state, z, field_fn=field,
                payoff_fn=lambda z, draw=0: payoff_fn(z, at(draw)),
            )  # fmt: skip
            return optax.apply_updates(z, updates), state

        states[name] = optimizer.init(start)
        programs[name] = counts.compiled(update, start, states[name], key)
    turns = {name: lambda name=name: programs[name](start, states[name], key) for name in programs}
    times = clock.compare(clock.interleave(turns, config.rounds), "GDA")
    found = {name: counts.count(program)._asdict() for name, program in programs.items()}
    return {
        "k": k,
        "draws": draws,
        "methods": {name: {**found[name], **times[name]} for name in programs},
    }


def run(config: Config) -> dict[str, Any]:
    """Returns what the JSON holds."""
    return {
        "config": dataclasses.asdict(config),
        "hardware": f"{os.cpu_count()} CPU cores",
        "jax": jax.__version__,
        "games": {
            f"{game}, {draws} draws": measure(config, game, draws)
            for game in GAMES for draws in ("fresh", "common")
        },
    }  # fmt: skip


def table(result: dict[str, Any]) -> str:
    """The table for `experiments/README.md`: figures of GDA, and ours as a multiple of them."""
    lines = [
        "| game | k | method | MFLOP an update | temporaries, MB | ms | FLOP × | temporaries × | "
        "time × (quartiles) |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for game, found in result["games"].items():
        base = found["methods"]["GDA"]
        for name, one in found["methods"].items():
            lines.append(
                f"| {game} | {found['k']} | {name} | {one['flops'] / 1e6:.0f} "
                f"| {one['temporaries'] / 1e6:.1f} | {one['seconds'] * 1e3:.1f} "
                f"| {one['flops'] / base['flops']:.2f} "
                f"| {one['temporaries'] / base['temporaries']:.2f} | {clock.ratio(one)} |"
            )
    return "\n".join(lines)


def main(config: Config, *, redraw: bool = False, out: Path = RESULTS) -> None:
    """What the accept test costs beside descent–ascent at equal k.

    Args:
      config: what is run.
      redraw: print the table and draw the figure again from the JSON, without running.
      out: the folder of the JSON and the figure.
    """
    path = out / "cost.json"
    if not redraw:
        result = run(config)
        out.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(result, indent=1, allow_nan=False) + "\n")
    result = json.loads(path.read_text())
    cost_figure.draw(result, path.with_suffix(".png"))
    print(table(result))


if __name__ == "__main__":
    tyro.cli(main, config=(tyro.conf.OmitArgPrefixes,))
