"""Snapshots of runs on disk.

The folder of a run contains `config.json`, `state.npz` (the state of the next update, replaced at
every snapshot) and one file per snapshot with the players and the generator's average. All leaves
have a leading axis over seeds. Readers load one snapshot at a time.
"""

import dataclasses
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

import minmax_jax as mm
from experiments._shared.checks import format_changes
from experiments._shared.files import write_atomically
from experiments.one_sided.trajectories.config import Config
from experiments.one_sided.trajectories.problems import Problem
from minmax_jax import gan

ADDED = {"loss": "preset", "balanced": False}
"""Defaults of fields that `config.json` leaves out, so that runs without the fields continue."""


class Snapshot(NamedTuple):
    """State of a run at one time; leaves have a leading axis over seeds.

    Attributes:
      step: Number of updates so far.
      players: Parameters of both players.
      ema: Moving average of the generator's parameters.
    """

    step: int
    players: mm.Players
    ema: Any


class RunState(NamedTuple):
    """Everything that the next update needs; leaves have a leading axis over seeds.

    Attributes:
      players: Parameters of both players.
      optimizer: State of the optimizer.
      ema: Moving average of the generator's parameters.
      step: Number of updates so far, without a leading axis.
    """

    players: mm.Players
    optimizer: Any
    ema: Any
    step: Any


def snapshot_steps(steps: int) -> list[int]:
    """Returns the steps of all snapshots.

    The snapshots are at step 0, at five logarithmically spaced steps from 1/200 to 1/10 of the
    run, and at 18 evenly spaced steps after that.
    """
    early = np.geomspace(max(steps / 200, 1), steps / 10, 5)
    late = np.linspace(steps / 10, steps, 19)
    return sorted({0, *np.r_[early, late].round().astype(int).tolist()})


def folder_of(config: Config, method: str, dual: bool) -> Path:
    """Returns the folder of a run."""
    name = f"{method}-{'dual' if dual else 'constant'}"
    return Path(config.runs) / config.name / name


def open_folder(config: Config, folder: Path) -> None:
    """Creates the folder of a run.

    Raises:
      ConfigError: If it contains a run with another configuration.
    """
    free = ("methods", "schedules", "runs", "time_limit", "data")
    kept = {k: v for k, v in dataclasses.asdict(config).items() if k not in free}
    path = folder / "config.json"
    old = {**ADDED, **json.loads(path.read_text())} if path.exists() else kept
    if changes := format_changes(old, {**dict.fromkeys(old), **kept}):
        raise gan.ConfigError(
            f"{folder} contains runs with another configuration; choose another --runs, or give "
            f"the values of those runs ({changes})."
        )
    kept = {k: v for k, v in kept.items() if k not in ADDED or v != ADDED[k]}
    write_atomically(path, json.dumps(kept))


def save(folder: Path, state: RunState) -> None:
    """Writes a snapshot, then the state."""
    write(folder / f"{int(state.step):07d}.npz", (state.players, state.ema))
    # Write the state last: an interrupted save then repeats the snapshot.
    write(folder / "state.npz", state)


def write(path: Path, tree: Any) -> None:
    """Writes the leaves of a tree, completely or not at all."""
    content = io.BytesIO()
    np.savez(content, *map(np.asarray, jax.tree.leaves(tree)))
    write_atomically(path, content.getvalue())


def load(path: Path, like: Any) -> Any:
    """Reads a tree with the structure of `like`."""
    with np.load(path) as arrays:
        leaves = [jnp.asarray(arrays[f"arr_{i}"]) for i in range(len(arrays.files))]
    return jax.tree.unflatten(jax.tree.structure(like), leaves)


def at(config: Config, problem: Problem, method: str, dual: bool, step: int) -> Snapshot:
    """Reads one snapshot of a run.

    Raises:
      FileNotFoundError: If the run has no such snapshot.
    """
    path, like = folder_of(config, method, dual) / f"{step:07d}.npz", problem.start(0)
    if not path.exists():
        raise FileNotFoundError(
            f"{path} is missing: run python -m experiments.one_sided.norms --preset "
            f"{config.preset} first, with the same options."
        )
    return Snapshot(step, *load(path, (like, like.min)))


def snapshots(config: Config, problem: Problem, method: str, dual: bool) -> Iterator[Snapshot]:
    """Yields the snapshots of a run in order, with one in memory at a time."""
    for step in snapshot_steps(config.steps):
        yield at(config, problem, method, dual, step)


def last(config: Config, problem: Problem, method: str, dual: bool) -> Snapshot:
    """Reads the last snapshot of a run."""
    return at(config, problem, method, dual, config.steps)


def of_seed(tree: Any, seed: int) -> Any:
    """Returns the values of one seed."""
    return jax.tree.map(lambda leaf: leaf[seed], tree)
