"""Files that can be made again: arrays under the user's cache folder."""

import os
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np


def cache_folder() -> Path:
    """Returns `$XDG_CACHE_HOME/minmax_jax`, by default `~/.cache/minmax_jax`."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "minmax_jax"


def load_arrays(name: str) -> dict[str, np.ndarray] | None:
    """Returns the arrays stored under `name`, or None if there are none that can be read.

    A damaged file counts as none, and is made again by whoever asks. No pickle is loaded.
    """
    try:
        with (cache_folder() / f"{name}.npz").open("rb") as file:
            with np.load(file, allow_pickle=False) as stored:
                return {key: stored[key] for key in stored.files}
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile):
        return None


def save_arrays(name: str, **arrays: Any) -> None:
    """Stores arrays under `name`, whole or not at all; an unwritable folder is no error."""
    target = cache_folder() / f"{name}.npz"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
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
