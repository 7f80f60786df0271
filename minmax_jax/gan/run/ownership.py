"""Keeps a run from following, replacing or deleting files that it did not write."""

import contextlib
import os
import re
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.base.messages import printable
from minmax_jax.gan.run import files as files_lib
from minmax_jax.gan.run import lease

FILES = (
    "config.json",
    "metrics.jsonl",
    "evaluations.jsonl",
    "skipped.jsonl",
    "summary.json",
    "outcome.json",
    "samples.png",
    "samples_over_time.png",
    "curves.png",
    lease.FILE,
)
"""Names of the files that a run writes."""

FOLDERS = ("checkpoints", "tensorboard", "samples", "wandb")
"""Names of the folders that a run writes."""

# Files of runs and sweeps that have a name which commands can write, by the file that marks them.
_MARKS = {"config.json": FILES, "sweep.json": ("heatmap.png", "table.md")}

_KINDS = (
    (stat.S_ISLNK, "a symbolic link"),
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISREG, "a file"),
    (stat.S_ISFIFO, "a pipe"),
)


def check(folder: Path, files: Iterable[str] = FILES, folders: Iterable[str] = FOLDERS) -> None:
    """Checks that nothing else is at the places of files and folders that a run writes.

    Raises:
      ConfigError: If one of `files` is not a regular file, or one of `folders` not a folder, for
        example because it is a symbolic link.
    """
    for name in files:
        _check_kind(folder / name, "a file")
    for name in folders:
        check_folder(folder / name)


def check_folder(path: Path) -> None:
    """Raises `ConfigError` if something is at `path` that is not a real folder."""
    _check_kind(path, "a folder")


def check_not_of_training(path: Path) -> None:
    """Checks that a file to write does not replace a file of a run or a sweep.

    Raises:
      ConfigError: If a run or a sweep writes its own files at `path`.
    """
    with files_lib.one_line_errors(path):
        folder = path.absolute().parent.resolve()
        beside = any(path.name in own and (folder / mark).exists() for mark, own in _MARKS.items())
        inside = folder.name in FOLDERS and (folder.parent / FILES[0]).exists()
    if beside or inside:
        raise ConfigError(
            f"out={printable(str(path))}: training writes its own files there. Choose another path."
        )


def is_unused(folder: Path, first: str) -> bool:
    """Returns whether a folder has no content yet.

    A lock and unfinished files do not count: a process can be killed before it has written the
    file `first`, by which such a folder is recognized.
    """
    names = [path.name for path in folder.iterdir()]
    return all(
        name == lease.FILE or any(files_lib.is_part(name, known) for known in (first, lease.FILE))
        for name in names
    )


def delete_leftovers(folder: Path, files: Iterable[str] = FILES) -> None:
    """Deletes the unfinished files that a killed process has left beside `files`."""
    for path in folder.iterdir():
        if any(files_lib.is_part(path.name, name) for name in files) and is_regular(path):
            with contextlib.suppress(OSError):
                path.unlink()


def is_regular(path: Path) -> bool:
    """Returns whether there is a regular file at `path`, without following a symbolic link."""
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except OSError:
        return False


def begins_with(path: Path, start: bytes, offset: int = 0) -> bool:
    """Returns whether a regular file contains `start` at `offset`.

    The result is True for an empty file too, because a file with `start` can be empty after a
    power failure.
    """
    if not is_regular(path):
        return False
    with path.open("rb") as file:
        content = file.read(offset + len(start))
    return not content or content[offset:] == start


def matches(
    folder: Path, names: re.Pattern[str], start: tuple[bytes, int], *, own: bool
) -> list[Any]:
    """Returns the regex groups of matching names in a folder.

    Args:
      folder: Folder to search.
      names: Pattern of whole names.
      start: Bytes and their offset, by which files of a run are recognized.
      own: If True, the names of files that a run has written are returned, otherwise all
        other matching names.
    """
    found = [(names.fullmatch(path.name), path) for path in folder.glob("*")]
    return [match.groups() for match, path in found if match and begins_with(path, *start) == own]


def _check_kind(path: Path, expected: str) -> None:
    with files_lib.one_line_errors(path, "read"):
        try:
            mode = os.lstat(path).st_mode
        except FileNotFoundError:
            return
    found = next((kind for is_kind, kind in _KINDS if is_kind(mode)), "a special file")
    if found != expected:
        raise ConfigError(
            f"{printable(str(path))} must be {expected}, but is {found}. Move it elsewhere, or "
            "choose another --out: a run does not follow or replace it."
        )
