"""MNIST zeros and ones: does the generator keep both digits?

    python -m experiments.greedy.digits01 --data ylecun/mnist   # resumes; hours on two cores
    python -m experiments.greedy.digits01 --width 64 --data ... # quarter networks: minutes
    python -m experiments.greedy.digits01 --redraw              # table and figure, from the JSON

Descent–ascent against the greedy method, k = 1 for both, with the authors' networks, Adam 2e-4
(b1 = 0.5) and non-saturating loss: accepting each fifth update whatever comes, as published, and
by the stated rule with an annealed probability e^(−i/τ) and nothing else.
"""

import dataclasses
import functools
import json
import os
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import tyro
from jax import lax

import minmax_jax as mm
from experiments._shared.proportions import share
from experiments.greedy.digits01 import figure as digits01_figure
from experiments.greedy.digits01 import game
from minmax_jax.gan import data as data_lib

RESULTS = Path(__file__).parents[2] / "results" / "greedy" / "digits01"
EVERY, LOOKED_AT, SHOWN = 50, 500, 24
BOTH = 0.1
"""Both digits are there when each has at least this share of the samples."""


@dataclasses.dataclass(frozen=True)
class Config:
    """Descent–ascent and the greedy method on MNIST's zeros and ones."""

    data: str = "ylecun/mnist"
    """A hub name or folder that datasets.load_dataset reads."""
    runs: str = "runs/greedy/digits01"
    """Folder of the single runs; what is there is not run again."""
    width: int = 256
    """Smallest hidden layer; the others have twice and four times as much. Theirs: 256."""
    batch: int = 128
    """Real and generated images in a batch."""
    learning_rate: float = 2e-4
    """Adam's, of both players."""
    accept_every: int = 5
    """Of the published rule."""
    temperature: float = 300.0
    """τ of the stated rule: e^(−i/τ) falls to 0.036 at update 1000."""
    steps: int = 1000
    """Updates of a run, a multiple of 50."""
    seeds: int = 20
    """Seeds 0, 1, ..."""


def methods(config: Config) -> dict[str, optax.GradientTransformationExtraArgs]:
    """Name -> optimizer; `gda` plays in the same order and is ours with everything accepted."""
    adam = optax.adam(config.learning_rate, b1=0.5)
    ours = functools.partial(mm.greedy_adam, config.learning_rate)
    return {
        "gda": mm.alternate(min=adam, max=adam, first="min"),
        "ours_published": ours(accept_every=config.accept_every, restore_states=False),
        "ours_stated": ours(accept_every=None, temperature=config.temperature),
    }


def program(config: Config, optimizer: Any, images: jax.Array) -> Any:
    """Returns 50 updates and a look at the samples, compiled."""
    sizes = game.Sizes(config.width, batch=config.batch)
    min_loss, max_loss = game.losses(sizes)

    @jax.jit
    def advance(key: jax.Array, players: Any, state: Any, first: int) -> Any:
        def step_fn(carry: Any, step: jax.Array) -> tuple[Any, None]:
            z, state = carry
            step_key = jax.random.fold_in(key, step)
            # One batch for a whole update: the test compares on what the ascent has seen.
            field = mm.general_sum(
                lambda z: min_loss(z, step_key, images), lambda z: max_loss(z, step_key, images)
            )
            updates, state = optimizer.update(
                field(z), state, z, field_fn=field, key=step_key,
                payoff_fn=lambda z, draw=0: -max_loss(z, step_key, images),
            )  # fmt: skip
            return (optax.apply_updates(z, updates), state), None

        (players, state), _ = lax.scan(step_fn, (players, state), first + jnp.arange(EVERY))
        latents = jax.random.normal(jax.random.fold_in(key, 10**6 + first), (LOOKED_AT, 100))
        return players, state, game.generate(players.min, latents)

    return advance


def run_one(config: Config, advance: Any, optimizer: Any, predict: Any, seed: int) -> dict:
    """Shares of zero, one, neither along one run, and some of its last images."""
    key = jax.random.key(seed)
    players = game.start(game.Sizes(config.width), jax.random.fold_in(key, 10**7))
    state, history, images = optimizer.init(players), [], np.zeros(0)
    for step in range(0, config.steps, EVERY):
        players, state, images = advance(key, players, state, step)
        counts = np.bincount(np.asarray(predict(images)), minlength=3)
        history.append((counts / LOOKED_AT).round(3).tolist())
    shown = np.asarray((images[:SHOWN] + 1) * 127.5).round().astype(int).tolist()
    found = {"seed": seed, "shares": history, "images": shown}
    if isinstance(state, mm.GreedyState):
        found["acceptance_rate"] = round(float(state.accepted / state.count), 4)
    return found


def run(config: Config) -> dict[str, Any]:
    """All runs, one seed of every method before the next, and what the JSON holds."""
    data = data_lib.load(config.data)
    predict, accuracy = game.judge(data)
    chosen = np.asarray(data.images)[np.asarray(data.labels) < 2]
    images = jnp.asarray(chosen.reshape(len(chosen), -1))
    built = {name: (program(config, tx, images), tx) for name, tx in methods(config).items()}
    folder = (
        Path(config.runs) / f"width{config.width}-batch{config.batch}-tau{config.temperature:g}"
    )
    folder.mkdir(parents=True, exist_ok=True)
    found: dict[str, list[dict]] = {name: [] for name in built}
    for seed in range(config.seeds):
        for name, (advance, optimizer) in built.items():
            path = folder / f"{name}-s{seed}-{config.steps}.json"
            if not path.exists():
                one = run_one(config, advance, optimizer, predict, seed)
                path.with_suffix(".part").write_text(json.dumps(one))
                path.with_suffix(".part").replace(path)
                print(path.name, one["shares"][-1], flush=True)
            one = json.loads(path.read_text())
            if seed > 1:  # the figure shows images of two seeds
                del one["images"]
            found[name].append(one)
    return {
        "config": {**dataclasses.asdict(config), "data": None, "runs": None},
        "hardware": f"{os.cpu_count()} CPU cores",
        "jax": jax.__version__,
        "judge_accuracy": round(accuracy, 4),
        "every": EVERY,
        "methods": found,
    }


def both(found: list[dict[str, Any]], look: int) -> int:
    """How many runs have both digits at that look."""
    return sum(min(one["shares"][look][:2]) >= BOTH for one in found)


def table(result: dict[str, Any]) -> str:
    """The table for `experiments/README.md`."""
    lines = [f"classifier: {result['judge_accuracy']:.2%} of test images right",
             "| method | both digits at the end | at half the time | median share of neither | "
             "accepted |", "|---|---|---|---|---|"]  # fmt: skip
    for name, found in result["methods"].items():
        looks = len(found[0]["shares"])
        neither = np.median([one["shares"][-1][2] for one in found])
        rates = [one["acceptance_rate"] for one in found if "acceptance_rate" in one]
        rate = f"{np.mean(rates):.0%}" if rates else "all"
        lines.append(f"| `{name}` | {share(both(found, -1), len(found))} "
                     f"| {share(both(found, looks // 2 - 1), len(found))} | {neither:.0%} "
                     f"| {rate} |")  # fmt: skip
    return "\n".join(lines)


def main(config: Config, *, redraw: bool = False, out: Path = RESULTS) -> None:
    """Descent–ascent and the greedy method on MNIST's zeros and ones.

    Args:
      config: what is run.
      redraw: print the table and draw the figure again from the JSON, without running.
      out: the folder of the JSON and the figure.
    """
    path = out / "digits01.json"
    if not redraw:
        if config.steps < EVERY or config.steps % EVERY:
            raise SystemExit(f"steps={config.steps} must be a multiple of {EVERY}")
        result = run(config)
        out.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(result, allow_nan=False) + "\n")
    result = json.loads(path.read_text())
    digits01_figure.draw(result, path.with_suffix(".png"))
    print(table(result))


if __name__ == "__main__":
    tyro.cli(main, config=(tyro.conf.OmitArgPrefixes,))
