"""Checkpoints: whole states on disk, atomic, verified when they are read.

A state is stored by the names of its leaves, so that a reader may take a part of it
(the generator, say) without building the rest. Orbax writes a checkpoint completely or
not at all; a seal over its files, written last, finds what a full disk or a power cut did
to one that was complete. Orbax itself leaves part of such damage unseen, and answers the
rest in noisy ways: so the seal is looked at first.
"""

import json
import shutil
import zlib
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import orbax.checkpoint as ocp

from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.run import run_folder

Values = dict[str, np.ndarray]
"""Name of a leaf -> its value."""


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


def not_finite(values: Mapping[str, np.ndarray]) -> list[str]:
    """Returns the names of the leaves that hold a number that is not finite."""
    return [
        name
        for name, value in values.items()
        if jnp.issubdtype(value.dtype, jnp.inexact) and not np.isfinite(value).all()
    ]


class Checkpoints:
    """The checkpoints of one run folder.

    Args:
      folder: where they are; made when the first one is saved.
      warn: called with one line when a damaged checkpoint is passed over.
    """

    def __init__(self, folder: Path, warn: Callable[[str], None]) -> None:
        self._folder = folder.resolve()
        self._warn = warn

    def steps(self) -> list[int]:
        """Returns the steps of the checkpoints that were written to their end, oldest first."""
        return sorted(int(path.parent.name) for path in self._folder.glob(f"*/{_SEAL}"))

    def save(self, step: int, state: Any) -> None:
        """Writes `state` as the checkpoint of `step` and returns when it is sealed.

        Raises:
          Exception: whatever kept it from being written; nothing of it is left then.
        """
        # Arrays of size zero hold nothing, and Orbax does not take them.
        values = {name: value for name, value in flatten(state).items() if value.size}
        try:
            with self._manager(writes=True) as manager:
                manager.save(step, args=ocp.args.StandardSave(values))
            _seal(self._folder / str(step))
        except BaseException:
            for path in self._folder.glob(f"{step}*"):  # with Orbax's temporary folders
                if path.name.partition(".")[0] == str(step):
                    shutil.rmtree(path, ignore_errors=True)
            raise

    def restore(self, step: int | None = None) -> tuple[int, Values] | None:
        """Returns step and values of a sound checkpoint, or None if there is none.

        Args:
          step: which one; by default the newest, or if that is damaged, which is named, the
            newest sound one before it.

        Raises:
          CheckpointError: there is none of that step, or every one asked for is damaged.
        """
        steps = self.steps()
        if step is not None and step not in steps:
            known = ", ".join(map(str, steps)) or "none"
            raise CheckpointError(f"step={step}: {self._folder} has no such checkpoint ({known})")
        asked = steps if step is None else [step]
        for candidate in reversed(asked):
            try:
                return candidate, self._read(candidate)
            except (OSError, ValueError, KeyError) as error:  # what the readers raise
                reason = next(iter(str(error).splitlines()), type(error).__name__)
                self._warn(f"checkpoint {candidate} is damaged and is passed over ({reason:.80})")
        if asked:
            remedy = "remove that folder to start afresh" if step is None else "give another step"
            raise CheckpointError(
                f"no checkpoint {'' if step is None else f'{step} '}in {self._folder} can be "
                f"read; {remedy}"
            )
        return None

    def drop_after(self, step: int) -> None:
        """Removes what claims to be newer than `step`, so that it can be written again."""
        for path in self._folder.glob("*"):
            if path.name.isdecimal() and int(path.name) > step:
                _remove(path)

    def drop_all_but(self, steps: Collection[int]) -> None:
        """Removes every checkpoint but those of `steps`, and what was never finished."""
        for path in self._folder.glob("*"):
            if path.name.isdecimal() and int(path.name) not in steps:
                _remove(path)

    def _read(self, step: int) -> Values:
        _check_seal(self._folder / str(step))
        with self._manager() as manager:
            values = manager.restore(step, args=ocp.args.StandardRestore())
        return {name: np.asarray(value) for name, value in values.items()}

    def _manager(self, writes: bool = False) -> ocp.CheckpointManager:
        # Asynchronous is the thread that calls `save` (see `checkpoint_writer`), since the seal
        # has to follow the commit. A reader must not clean up: a run may be writing there.
        self._folder.mkdir(parents=True, exist_ok=True)
        # Of several processes one alone comes here, and must not wait for the others.
        several = jax.process_count() > 1
        options = ocp.CheckpointManagerOptions(
            create=False,
            enable_async_checkpointing=False,
            cleanup_tmp_directories=writes,
            multiprocessing_options=ocp.options.MultiprocessingOptions(
                primary_host=jax.process_index() if several else 0,
                active_processes={jax.process_index()} if several else None,
            ),
        )
        return ocp.CheckpointManager(self._folder, options=options)


def _remove(folder: Path) -> None:
    # Without its seal it is no checkpoint, even if the rest cannot be removed to its end.
    (folder / _SEAL).unlink(missing_ok=True)
    shutil.rmtree(folder)


_SEAL = "files.json"


def _files(folder: Path) -> dict[str, int]:
    """Returns name -> checksum of every file of a checkpoint."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != _SEAL)
    return {str(path.relative_to(folder)): zlib.crc32(path.read_bytes()) for path in paths}


def _seal(folder: Path) -> None:
    run_folder.write_atomically(folder / _SEAL, json.dumps(_files(folder)))


def _check_seal(folder: Path) -> None:
    for name, checksum in json.loads((folder / _SEAL).read_text()).items():
        if not (folder / name).is_file() or zlib.crc32((folder / name).read_bytes()) != checksum:
            raise CheckpointError(f"{name} is not what was written")


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
