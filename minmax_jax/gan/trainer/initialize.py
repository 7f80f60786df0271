"""Starts a run from the parameters of another run."""

import re
import zlib
from pathlib import Path

import numpy as np

from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.base.messages import Note, ignore_note
from minmax_jax.gan.config.config import Config
from minmax_jax.gan.run import checkpoint, run_folder
from minmax_jax.gan.run.run_folder import Origin
from minmax_jax.gan.training.step import TrainState

_BRANCHES = ("players", "stats", "ema")
"""Parts of the state that a run takes over. The optimizer starts with a state of its own."""


def start_from(
    config: Config, folder: Path, state: TrainState, note: Note
) -> tuple[TrainState, Origin | None]:
    """Replaces the initial parameters by those of the run `config.run.init_from`, if it is set.

    The run takes over the parameters of both networks, their statistics and the moving average.
    Its step count, optimizer, schedules and random numbers start as in any other run. Nothing is
    read if the run already has checkpoints, because it resumes from them.

    Args:
      config: Configuration of the run.
      folder: Run folder.
      state: State before the first step.
      note: Called with one line that names the other run, its checkpoint and its configuration.

    Returns:
      The state, and the origin of its parameters for `config.json`.

    Raises:
      ConfigError: If the other run has no such checkpoint, its networks have other shapes, or
        this run was started from other parameters before.
    """
    if not config.run.init_from:
        return state, None
    known = run_folder.read(folder).origin if (folder / run_folder.CONFIG).exists() else None
    if checkpoint.Checkpoints(folder / "checkpoints", ignore_note).steps():
        return state, known
    source, step = _source(config.run.init_from)
    try:
        about = run_folder.read(source)
        checkpoints = checkpoint.Checkpoints(source / "checkpoints", note)
        found = checkpoints.restore(known.step if known else step, _BRANCHES)
    except ConfigError as error:
        raise ConfigError(f"init_from={config.run.init_from}: {error}") from error
    if found is None:
        raise ConfigError(f"init_from={source} has no checkpoint yet. Train that run first.")
    state = _fill(config, about.config, state, found[1])
    origin = Origin(str(source), found[0], _crc32(found[1]))
    if known and known.crc32 != origin.crc32:
        raise ConfigError(
            f"init_from={source}: checkpoint {origin.step} is not the one from which {folder} was "
            "started. Choose another --out to start a new run."
        )
    note(f"starting from the parameters of {source} at step {origin.step} ({_summary(about)})")
    return state, origin


def _source(text: str) -> tuple[Path, int | None]:
    """Returns the run folder and the step of `RUN` or `RUN/checkpoints/STEP.npz`."""
    path = Path(text)
    if path.parent.name == "checkpoints" and re.fullmatch(r"[0-9]+\.npz", path.name):
        return path.parent.parent, int(path.stem)
    return path, None


def _fill(
    config: Config, other: Config, state: TrainState, values: checkpoint.Values
) -> TrainState:
    try:
        parts = {name: checkpoint.fill(getattr(state, name), values, name) for name in _BRANCHES}
    except checkpoint.CheckpointError as error:
        names = (*_NETWORK_FIELDS, "data")
        old, new = other.flat(), config.flat()
        differing = [f"{n}: {old[n]!r} -> {new[n]!r}" for n in names if old[n] != new[n]]
        reason = str(error).partition(": ")[2].partition(". ")[0]
        raise ConfigError(
            f"init_from={config.run.init_from}: its networks do not fit: {reason}. Use networks "
            f"and data of the same shapes ({'; '.join(differing) or 'the data differ'})."
        ) from error
    return state._replace(**parts)


_NETWORK_FIELDS = (
    "network",
    "network_options",
    "width",
    "latent_dim",
    "spectral_norm",
    "conditional",
    "resize",
    "channels",
)
"""Fields that determine the shapes of the parameters."""


def _crc32(values: checkpoint.Values) -> int:
    checksum = 0
    for name in sorted(values):
        if name != "step":
            checksum = zlib.crc32(np.ascontiguousarray(values[name]).tobytes(), checksum)
    return checksum


def _summary(about: run_folder.About) -> str:
    config = about.config
    return (
        f"{config.data.source}, {config.networks.name} of width {config.networks.width}, "
        f"{config.optimizer.name}"
    )
