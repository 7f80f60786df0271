"""Checkpoints: whole states on disk, atomic, verified when they are read.

A state is stored by the names of its leaves, so that a reader may take a part of it
(the generator, say) without building the rest. Orbax writes a checkpoint completely or
not at all; a checksum over the values finds what a full disk or a power cut did to one
that was complete.
"""

import shutil
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import orbax.checkpoint as ocp

from minmax_jax.gan.config import ConfigError

Values = dict[str, np.ndarray]
"""Name of a leaf -> its value."""

KEEP = 3
"""Checkpoints that are kept: the newest, and two to fall back to."""


class CheckpointError(ConfigError):
    """Checkpoints that cannot be used; the message is one line that says what to do."""


def flatten(tree: Any) -> Values:
    """Returns the leaves of `tree` by name, copied to the host; PRNG keys as their data."""
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    names = [jax.tree_util.keystr(path, simple=True, separator="/") for path, _ in leaves]
    return {name: _plain(leaf) for name, (_, leaf) in zip(names, leaves, strict=True)}


def fill(template: Any, values: Mapping[str, np.ndarray], prefix: str = "") -> Any:
    """Returns `template` with its leaves replaced by those that `values` holds by name.

    Args:
      template: a tree like the one that was flattened, or like a branch of it.
      values: what `Checkpoints.restore` returned.
      prefix: name of that branch, `"ema"` or `"stats/min"` for instance.

    Raises:
      CheckpointError: a leaf is missing or has another shape or dtype.
    """
    flat, structure = jax.tree_util.tree_flatten_with_path(template)
    leaves = []
    for path, leaf in flat:
        name = jax.tree_util.keystr(path, simple=True, separator="/")
        name = "/".join(part for part in (prefix, name) if part)
        expected = _plain(leaf)
        found = values.get(name) if expected.size else expected
        if found is None or (found.shape, found.dtype) != (expected.shape, expected.dtype):
            got = "nothing" if found is None else f"{found.dtype}{list(found.shape)}"
            raise CheckpointError(
                f"checkpoint of another model: {name} should be "
                f"{expected.dtype}{list(expected.shape)}, found {got}; use the run's own "
                "configuration and version of minmax-jax"
            )
        leaves.append(_like(leaf, found))
    return jax.tree_util.tree_unflatten(structure, leaves)


class Checkpoints:
    """The checkpoints of one run folder.

    Args:
      folder: where they are; made when the first one is saved.
      warn: called with one line when a damaged checkpoint is passed over.
    """

    def __init__(self, folder: Path, warn: Callable[[str], None]) -> None:
        self._folder = folder.resolve()
        self._warn = warn

    def save(self, step: int, state: Any) -> None:
        """Writes `state` as the checkpoint of `step`, then drops the oldest beyond `KEEP`."""
        # Arrays of size zero hold nothing, and Orbax does not take them.
        values = {name: value for name, value in flatten(state).items() if value.size}
        about = {"step": step, "crc32": _checksum(values)}
        with self._manager(writes=True) as manager:
            manager.save(
                step,
                args=ocp.args.Composite(
                    state=ocp.args.StandardSave(values), about=ocp.args.JsonSave(about)
                ),
            )

    def restore(self) -> tuple[int, Values] | None:
        """Returns step and values of the newest sound checkpoint, or None if there is none.

        Raises:
          CheckpointError: there are checkpoints, but every one is damaged.
        """
        if not self._folder.is_dir():
            return None
        with self._manager() as manager:
            steps = sorted(manager.all_steps(), reverse=True)
            for step in steps:
                try:
                    return step, _read(manager, step)
                except Exception as error:  # damage shows in whatever way the reader breaks
                    reason = str(error).strip().splitlines()[0:1] or [type(error).__name__]
                    self._warn(f"checkpoint {step} is damaged and is passed over ({reason[0]:.80})")
        if steps:
            raise CheckpointError(
                f"no checkpoint in {self._folder} can be read; remove that folder to start afresh"
            )
        return None

    def drop_after(self, step: int) -> None:
        """Removes what claims to be newer than `step`, so that it can be written again."""
        for path in self._folder.glob("*"):
            if path.name.isdecimal() and int(path.name) > step:
                shutil.rmtree(path)

    def _manager(self, writes: bool = False) -> ocp.CheckpointManager:
        # A reader must not clean up: a run may be writing there at this moment.
        options = ocp.CheckpointManagerOptions(
            max_to_keep=KEEP,
            enable_async_checkpointing=False,
            cleanup_tmp_directories=writes,
        )
        return ocp.CheckpointManager(self._folder, options=options)


def _read(manager: ocp.CheckpointManager, step: int) -> Values:
    parts: Any = manager.restore(
        step,
        args=ocp.args.Composite(state=ocp.args.StandardRestore(), about=ocp.args.JsonRestore()),
    )
    values = {name: np.asarray(value) for name, value in parts.state.items()}
    if parts.about != {"step": step, "crc32": _checksum(values)}:
        raise CheckpointError("its checksum does not agree")
    return values


def _checksum(values: Values) -> int:
    total = 0
    for name in sorted(values):
        value = np.ascontiguousarray(values[name])
        head = f"{name} {value.dtype} {value.shape}".encode()
        total = zlib.crc32(value.tobytes(), zlib.crc32(head, total))
    return total


def _is_key(leaf: Any) -> bool:
    return isinstance(leaf, jax.Array) and jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)


def _plain(leaf: Any) -> np.ndarray:
    return np.array(jax.random.key_data(leaf) if _is_key(leaf) else leaf)


def _like(leaf: Any, value: np.ndarray) -> Any:
    return (
        jax.random.wrap_key_data(jnp.asarray(value), impl=jax.random.key_impl(leaf))
        if _is_key(leaf)
        else value
    )
