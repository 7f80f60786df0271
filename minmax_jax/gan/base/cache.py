"""Cache of arrays in the user's cache folder."""

import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from minmax_jax.gan.base import private_folder


def cache_folder() -> Path:
    """Returns `$XDG_CACHE_HOME/minmax_jax`, by default `~/.cache/minmax_jax`."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "minmax_jax"


def load_arrays(name: str) -> dict[str, np.ndarray] | None:
    """Loads the arrays stored under `name`; returns None if there is no readable entry.

    A corrupt entry counts as missing, so that the caller computes it again. Pickles are not
    loaded, because they can run code. An entry that somebody else can change counts as missing.
    """
    try:
        if private_folder.why_not_private((cache_folder() / name).parent):
            return None
        with (cache_folder() / f"{name}.npz").open("rb") as file:
            with np.load(file, allow_pickle=False) as stored:
                return {key: stored[key] for key in stored.files}
    except MemoryError:
        raise
    except Exception:  # Damaged archives raise nearly every type of error.
        return None


def size(name: str) -> int:
    """Returns the bytes of an entry, about the size of its arrays, or 0 if there is none."""
    try:
        return (cache_folder() / f"{name}.npz").stat().st_size
    except OSError:
        return 0


def save_arrays(name: str, **arrays: Any) -> None:
    """Stores arrays under `name` atomically, or not at all if the folder is not writable."""
    target = cache_folder() / f"{name}.npz"
    try:
        private_folder.make_private(target.parent)
        handle, temporary = tempfile.mkstemp(dir=target.parent, suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                np.savez(file, **arrays)
            os.replace(temporary, target)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError:
        return
