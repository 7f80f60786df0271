"""Checkpoints of a run: per step, one file of named arrays and their checksums."""

import re
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.run import checkpoint_file, files, ownership

Values = Mapping[str, np.ndarray]
"""Leaf values by name."""


class CheckpointError(ConfigError):
    """Checkpoints that cannot be used."""


def flatten(tree: Any) -> Values:
    """Returns copies of all leaves on the host, by name. PRNG keys become their key data."""
    return {_name(path): _to_numpy(leaf) for path, leaf in jax.tree.leaves_with_path(tree)}


def fill(template: Any, values: Values, prefix: str = "") -> Any:
    """Returns `template` with its leaves replaced by the values of the same names.

    Args:
      template: Tree with the structure, shapes and dtypes of the saved one, or of its branch.
      values: Values that `Checkpoints.restore` returned.
      prefix: Name of the branch, for example `"ema"` or `"stats/min"`.

    Raises:
      CheckpointError: If a leaf is missing or has another shape or dtype.
    """

    def restored(path: Any, leaf: Any) -> Any:
        name = "/".join(part for part in (prefix, _name(path)) if part)
        expected = _to_numpy(leaf)
        found = values.get(name) if expected.size else expected
        if found is None or (found.shape, found.dtype) != (expected.shape, expected.dtype):
            got = "nothing" if found is None else f"{found.dtype}{list(found.shape)}"
            wanted = f"{expected.dtype}{list(expected.shape)}"
            reason = f"checkpoint of another model: {name} must be {wanted}, got {got}"
            raise CheckpointError(f"{reason}. Use the configuration that wrote it.")
        if not _is_key(leaf):
            return found
        return jax.random.wrap_key_data(jnp.asarray(found), impl=jax.random.key_impl(leaf))

    return jax.tree.map_with_path(restored, template)


class Checkpoints:
    """The checkpoints in one folder, in files STEP.npz.

    Other files, also with such a name, symbolic links and folders are never deleted or replaced.

    Args:
      folder: Folder of the checkpoints. The first save creates it.
      warn: Called with one line when a corrupt checkpoint is skipped.
    """

    def __init__(self, folder: Path, warn: Callable[[str], None]) -> None:
        self._folder, self._warn = folder, warn

    def steps(self) -> list[int]:
        """Returns the steps of all complete checkpoints, oldest first."""
        return sorted(int(step) for step, part in self._names() if not part)

    def foreign(self) -> list[int]:
        """Returns the steps for which `STEP.npz` exists, but is not a checkpoint."""
        return sorted(int(step) for step, part in self._names(own=False) if not part)

    def save(self, step: int, state: Any) -> None:
        """Writes `state` as the checkpoint of `step`, completely or not at all."""
        ownership.check_folder(self._folder)
        self._folder.mkdir(parents=True, exist_ok=True)
        if step in self.foreign():
            raise CheckpointError(f"{self._path(step)} is not a checkpoint. Move it elsewhere.")
        values = {name: value for name, value in flatten(state).items() if value.size}
        checkpoint_file.write(self._path(step), values)

    def restore(
        self, step: int | None = None, prefixes: Collection[str] = ()
    ) -> tuple[int, Values] | None:
        """Returns step and values of a valid checkpoint, or None if the folder has none.

        Args:
          step: Step to restore. Default: the newest valid one; corrupt ones cause a warning.
          prefixes: Branches to read, such as `["ema", "stats/min"]`. Default: everything.

        Raises:
          CheckpointError: If there is no checkpoint of `step`, or all candidates are corrupt.
        """
        steps = self.steps()
        if step is not None and step not in steps:
            known = ", ".join(map(str, steps)) or "none"
            raise CheckpointError(f"step={step}: {self._folder} has no such checkpoint ({known})")
        if step is None and self.foreign():
            names = ", ".join(f"{other}.npz" for other in self.foreign())
            self._warn(f"ignored in {self._folder}, because they are not checkpoints: {names:.80}")
        for saved in reversed(steps if step is None else [step]):
            try:
                values = checkpoint_file.read(self._path(saved), prefixes and [*prefixes, "step"])
                if np.array_equal(values.get("step", saved), saved):
                    return saved, values
                self._warn(f"{saved}.npz is skipped: it contains step {values['step']!s:.20}")
            except checkpoint_file.CorruptFile as error:
                self._warn(f"checkpoint {saved} is corrupt and is skipped ({error!s:.80})")
        if steps:
            remedy = "Delete it to start over." if step is None else "Choose another step."
            raise CheckpointError(f"no valid checkpoint in {self._folder}. {remedy}")
        return None

    def delete_except(self, steps: Collection[int]) -> None:
        """Deletes checkpoints whose steps are not in `steps`, and all unfinished files."""
        ownership.check_folder(self._folder)
        for step, part in self._names():
            if part or int(step) not in steps:
                self._path(step, part).unlink(missing_ok=True)

    def _path(self, step: Any, part: str = "") -> Path:
        return self._folder / f"{step}.npz{part}"

    def _names(self, *, own: bool = True) -> list[Any]:
        """Returns step and suffix of the checkpoints, or of other files with such names."""
        exact = re.compile(rf"(0|[1-9][0-9]*)\.npz((?:{files.PART_PATTERN})?)")
        return ownership.matches(self._folder, exact, checkpoint_file.START, own=own)


def _name(path: Any) -> str:
    return jax.tree_util.keystr(path, simple=True, separator="/")


def _is_key(leaf: Any) -> bool:
    return isinstance(leaf, jax.Array) and jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)


def _to_numpy(leaf: Any) -> np.ndarray:
    return np.array(jax.random.key_data(leaf) if _is_key(leaf) else leaf, order="C")
