"""Atomic writes, and one-line errors for paths that cannot be used."""

import contextlib
import errno
import io
import os
import re
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from minmax_jax.gan.base.errors import ConfigError, WriteFailed

PART = ".part"
"""Suffix of a file that is still being written."""

PART_PATTERN = rf"\.[0-9a-f]{{8}}{re.escape(PART)}"
"""Regular expression of the text that follows the name of a file while it is being written."""


@contextlib.contextmanager
def open_atomically(path: Path, *, sync: bool = True) -> Iterator[BinaryIO]:
    """Opens a binary file that replaces `path` when the `with` block ends without an error.

    The block writes to a new file with a unique name in the same folder, see `is_part`. The
    content and the new name are both on disk before the block ends, so that a power cut leaves
    either the old file or the complete new one. After an error, `path` is unchanged.

    Args:
      path: File to create or to replace, in a folder that exists.
      sync: Whether to wait until the content is on disk.

    Raises:
      ConfigError: If the place cannot be written: no permission, a read-only file or file
        system, a symbolic link, a folder, or a name that is too long.
      WriteFailed: If the disk is full, or writing fails for another reason.
    """
    with one_line_errors(path), replacing(path, sync=sync) as file:
        yield file


@contextlib.contextmanager
def replacing(path: Path, *, sync: bool = True) -> Iterator[BinaryIO]:
    """Does the same as `open_atomically`, but raises the `OSError` of the operating system."""
    mode = _mode_of_replaceable(path)
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}{PART}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NOFOLLOW, 0o666)
    try:
        with os.fdopen(descriptor, "wb") as file:
            if mode is not None:
                os.chmod(part, mode)
            yield file
            file.flush()
            if sync:
                os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    if sync:
        _sync_folder(path.parent)


def check_replaceable(path: Path) -> None:
    """Raises the errors of `open_atomically` early, before the content is computed."""
    with one_line_errors(path):
        _mode_of_replaceable(path)


def write_atomically(path: Path, content: str | bytes) -> None:
    """Writes a file completely or not at all, text as UTF-8.

    Raises the errors of `open_atomically`.
    """
    with open_atomically(path) as file:
        file.write(content if isinstance(content, bytes) else content.encode())


def is_part(name: str, target: str) -> bool:
    """Returns whether `name` is the name of an unfinished file that was to become `target`.

    Example:
      >>> is_part("config.json.0f32c1a9.part", "config.json"), is_part("a.part", "a")
      (True, False)
    """
    return re.fullmatch(re.escape(target) + PART_PATTERN, name) is not None


def open_regular(path: Path) -> BinaryIO:
    """Opens a regular file to read it.

    Raises:
      OSError: If it cannot be read or is not a regular file. Reading a pipe could wait forever.
    """
    return os.fdopen(_open_regular(path, os.O_RDONLY | _NONBLOCK), "rb")


def open_to_append(path: Path) -> io.FileIO:
    """Opens or creates a regular file to read it and to append to it, without a buffer.

    Raises:
      OSError: If it cannot be written, is a symbolic link or is not a regular file.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | _NOFOLLOW | _NONBLOCK
    return io.FileIO(_open_regular(path, flags), "a+b")


def read_limited(path: Path, limit: int) -> bytes:
    """Returns the content of a regular file of at most `limit` bytes.

    Raises:
      ConfigError: If the file is missing, may not be read, is not a regular file, or has more
        than `limit` bytes.
      WriteFailed: If the operating system fails to read it for another reason.
    """
    with one_line_errors(path, "read"), open_regular(path) as file:
        content = file.read(limit + 1)
        if len(content) > limit:
            raise OSError(errno.EINVAL, f"it has more than {limit:,} bytes")
    return content


def make_folder(folder: Path) -> None:
    """Creates a folder and its parents. Raises the errors of `open_atomically`."""
    with one_line_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)


@contextlib.contextmanager
def one_line_errors(path: Path, action: str = "written") -> Iterator[None]:
    """Replaces each `OSError` in the `with` block by an error of one line with a remedy.

    Args:
      path: File or folder that the block uses, for the message.
      action: Participle of the message `PATH cannot be ...`.
    """
    try:
        yield
    except OSError as error:
        raise describe_error(error, path, action) from error


def describe_error(
    error: OSError, path: str | Path, action: str = "written"
) -> ConfigError | WriteFailed:
    """Returns the error with an exit code and a remedy that stands for an `OSError`.

    Args:
      error: Error of the operating system.
      path: File or folder that was used.
      action: Participle of the message `PATH cannot be ...`.
    """
    text = str(path)
    shown = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
    reason = f"{shown} cannot be {action} ({error.strerror or error})"
    if error.errno in FULL:
        return WriteFailed(f"{reason}. Free disk space, then run the same command again.")
    if error.errno in _PLACE:
        return ConfigError(f"{reason}. Choose another path, or change its permissions.")
    return WriteFailed(f"{reason}. Check the disk, then run the same command again.")


_NOFOLLOW, _NONBLOCK = getattr(os, "O_NOFOLLOW", 0), getattr(os, "O_NONBLOCK", 0)

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""Error numbers of a full disk, an exhausted quota, and a file that may not grow."""

_LONGEST = 200  # Characters of a path in a message.

# Error numbers that another path avoids.
_PLACE = (
    errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR, errno.ENOENT,
    errno.EEXIST, errno.ENOTEMPTY, errno.ENAMETOOLONG, errno.ELOOP, errno.EINVAL, errno.ENXIO,
    errno.ENODEV, errno.EILSEQ,
)  # fmt: skip


@contextlib.contextmanager
def full_disk(folder: Path) -> Iterator[None]:
    """Replaces the error of a full disk in the `with` block by one line that names the remedy.

    Args:
      folder: Folder that the block writes, for the message.

    Raises:
      WriteFailed: If a disk or a quota is full, or a file may not grow.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise WriteFailed(
            f"{folder} cannot be written ({error.strerror}). Free disk space, then run the same "
            "command again to resume the run."
        ) from error


def _mode_of_replaceable(path: Path) -> int | None:
    """Returns the permissions of the file at `path`, or None if there is none.

    Raises:
      OSError: If something other than a writable regular file is there. Renaming would replace
        even a read-only file or a symbolic link.
    """
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return None
    if stat.S_ISLNK(found.st_mode):
        raise OSError(errno.ELOOP, "it is a symbolic link, which is not followed")
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, "it is a folder")
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "it is not a regular file")
    if not (found.st_mode & 0o222 and os.access(path, os.W_OK)):
        raise PermissionError(errno.EACCES, "the file is read-only")
    return stat.S_IMODE(found.st_mode)


def _open_regular(path: Path, flags: int) -> int:
    descriptor = os.open(path, flags, 0o666)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is not a regular file")
    return descriptor


def _sync_folder(folder: Path) -> None:
    """Writes a folder's entries to disk, on file systems that support it."""
    with contextlib.suppress(OSError):  # The file itself is complete.
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
