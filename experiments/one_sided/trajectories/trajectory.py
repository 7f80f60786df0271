"""Runs of all seeds of one method side by side, with snapshots on disk; a broken run resumes.

A run's folder holds `config.json`, `state.npz` (all that the next update needs, replaced at every
snapshot) and one file a snapshot with the players and the generator's average, each leaf
with a leading axis over seeds. Readers take them one at a time.
"""

import dataclasses
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

import minmax_jax as mm
from experiments.one_sided.methods import METHODS
from experiments.one_sided.trajectories import problems

PROBLEMS = ("dirac", "dirac-penalty", "gaussians", "mnist")


@dataclasses.dataclass(frozen=True)
class Config:
    """Which runs; `norms` and `mvi` share them."""

    preset: str = "gaussians"
    """dirac, dirac-penalty, gaussians or mnist."""
    methods: tuple[str, ...] = (
        "sgda", "ada_nsgda", "adam_gda", "amsgrad_gda", "extra_adam", "rmsprop",
    )  # fmt: skip
    """Methods, by name; each with a constant and with a decaying rate of the max player."""
    seeds: int = 5
    """Seeds 0, 1, 2, …"""
    steps: int = 3000
    """Updates of a run."""
    data: str = "ylecun/mnist"
    """Of mnist: a hub name or folder that datasets.load_dataset reads."""
    width: int = 8
    """Of mnist's DCGAN."""
    runs: str = "runs/one_sided"
    """Folder of the runs."""
    piece_seconds: float = 0.0
    """Stop after the snapshot at which this time has passed; 0 goes on to the end."""


class Snapshot(NamedTuple):
    """One time of a run; leaves carry a leading axis over seeds."""

    step: int
    players: mm.Players
    ema: Any


class _State(NamedTuple):
    players: mm.Players
    optimizer: Any
    ema: Any
    step: Any


def make_problem(config: Config) -> problems.Problem:
    if config.preset not in PROBLEMS:
        raise ValueError(f"preset must be one of {', '.join(PROBLEMS)}, got {config.preset!r}.")
    if config.preset == "mnist":
        return problems.networks("mnist", data=config.data, width=config.width)
    if config.preset == "gaussians":
        return problems.networks("gaussians")
    return problems.dirac(
        {"dirac": "non-saturating", "dirac-penalty": "gradient-penalty"}[config.preset]
    )


def snapshot_steps(steps: int) -> list[int]:
    """Five times up to a tenth of the run, evenly in the logarithm, then twenty evenly."""
    early = np.geomspace(max(steps / 200, 1), steps / 10, 5)
    late = np.linspace(steps / 10, steps, 19)
    return sorted({0, *np.r_[early, late].round().astype(int).tolist()})


def folder_of(config: Config, method: str, dual: bool) -> Path:
    name = f"{method}-{'dual' if dual else 'constant'}"
    return Path(config.runs) / config.preset / name


def train(config: Config, problem: problems.Problem, method: str, dual: bool) -> bool:
    """Runs one method to the end, or until the piece is over; returns whether it is at the end."""
    begin, folder = time.monotonic(), folder_of(config, method, dual)
    rates = problem.rates(method)
    if dual:
        rates = rates._replace(max=mm.inverse_sqrt_schedule(rates.max))
    optimizer = METHODS[method](rates)
    starts = [problem.start(seed) for seed in range(config.seeds)]
    players = jax.tree.map(lambda *leaves: jnp.stack(leaves), *starts)
    state = _State(players, jax.vmap(optimizer.init)(players), players.min, jnp.zeros((), int))
    open_folder(config, folder)
    if (folder / "state.npz").exists():
        state = load(folder / "state.npz", state)
    else:
        save(folder, state)
    advance = advance_fn(problem, optimizer, config.seeds)
    for until in snapshot_steps(config.steps):
        if until <= int(state.step):
            continue
        if config.piece_seconds and time.monotonic() - begin > config.piece_seconds:
            return False
        state = jax.block_until_ready(advance(state, until))
        save(folder, state)
    return True


def advance_fn(problem: problems.Problem, optimizer: Any, num_seeds: int) -> Any:
    """Returns `(state, until) -> state`; what a step draws depends on the seed and step alone."""

    def one(seed: jax.Array, step: jax.Array, state: Any) -> Any:
        players, inner, ema = state
        key = jax.random.fold_in(jax.random.fold_in(jax.random.key(7), seed), step)

        def field_fn(z: mm.Players, draw: Any = 0) -> mm.Players:
            return problem.descended(z, jax.random.fold_in(key, draw))

        updates, inner = optimizer.update(field_fn(players), inner, players, field_fn=field_fn)
        players = mm.Players(*map(optax.apply_updates, players, updates))
        decay = jnp.minimum(problem.ema_decay, (1 + step) / (10 + step))
        ema = jax.tree.map(lambda old, new: new + decay * (old - new), ema, players.min)
        return players, inner, ema

    def body(state: _State) -> _State:
        after = jax.vmap(one, (0, None, 0))(jnp.arange(num_seeds), state.step, state[:3])
        return _State(*after, state.step + 1)

    return jax.jit(lambda state, until: jax.lax.while_loop(lambda s: s.step < until, body, state))


def open_folder(config: Config, folder: Path) -> None:
    """Makes the folder, or refuses one that holds other runs."""
    kept = {k: v for k, v in dataclasses.asdict(config).items()
            if k not in ("methods", "runs", "piece_seconds", "data")}  # fmt: skip
    path = folder / "config.json"
    if path.exists() and json.loads(path.read_text()) != kept:
        raise ValueError(f"{folder} holds runs of another configuration; give another --runs.")
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(kept))


def save(folder: Path, state: _State) -> None:
    write(folder / f"{int(state.step):07d}.npz", (state.players, state.ema))
    write(folder / "state.npz", state)  # last: a snapshot of a step not saved is written again


def write(path: Path, tree: Any) -> None:
    unfinished = path.with_suffix(".part.npz")
    np.savez(unfinished, *map(np.asarray, jax.tree.leaves(tree)))
    os.replace(unfinished, path)


def load(path: Path, like: Any) -> Any:
    with np.load(path) as arrays:
        leaves = [jnp.asarray(arrays[f"arr_{i}"]) for i in range(len(arrays.files))]
    return jax.tree.unflatten(jax.tree.structure(like), leaves)


def at(config: Config, problem: problems.Problem, method: str, dual: bool, step: int) -> Snapshot:
    """Reads one snapshot of a run."""
    path, like = folder_of(config, method, dual) / f"{step:07d}.npz", problem.start(0)
    if not path.exists():
        raise FileNotFoundError(
            f"{path} is missing: run python -m experiments.one_sided.norms --preset "
            f"{config.preset} first, with the same --steps, --seeds and --runs."
        )
    return Snapshot(step, *load(path, (like, like.min)))


def snapshots(
    config: Config, problem: problems.Problem, method: str, dual: bool
) -> Iterator[Snapshot]:
    """Yields the snapshots of a run in order, one in memory at a time."""
    for step in snapshot_steps(config.steps):
        yield at(config, problem, method, dual, step)


def last(config: Config, problem: problems.Problem, method: str, dual: bool) -> Snapshot:
    """The end of a run."""
    return at(config, problem, method, dual, config.steps)


def of_seed(tree: Any, seed: int) -> Any:
    return jax.tree.map(lambda leaf: leaf[seed], tree)
