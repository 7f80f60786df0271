"""Atomic writes to disk, and the error message of a full disk."""

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from minmax_jax.gan.base.errors import WriteFailed

PART = ".part"
"""Suffix of a file that is still being written."""


@contextlib.contextmanager
def open_atomically(path: Path) -> Iterator[BinaryIO]:
    """Opens a binary file that replaces `path` when the block ends without an error.

    The content and the new name are both on disk before the block ends, so that a power cut
    leaves either the old file or the complete new one. After an error, `path` is unchanged.
    """
    part = path.with_name(path.name + PART)
    try:
        with part.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Writes a folder's entries to disk, on file systems that support it."""
    with contextlib.suppress(OSError):  # The file itself is complete.
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def write_atomically(path: Path, text: str) -> None:
    """Writes a text file completely or not at all."""
    with open_atomically(path) as file:
        file.write(text.encode())


_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextlib.contextmanager
def full_disk(folder: Path) -> Iterator[None]:
    """Replaces the error of a full disk by one line that names the remedy.

    Args:
      folder: Folder that the block writes, for the message.

    Raises:
      WriteFailed: If a disk or a quota is full, or a file may not grow.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise WriteFailed(
            f"{folder} cannot be written ({error.strerror}). Free disk space, then run the same "
            "command again to resume the run."
        ) from error
