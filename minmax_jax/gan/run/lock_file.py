"""Reads and writes the lock file of a run folder, one process at a time."""

import contextlib
import errno
import json
import os
import secrets
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from minmax_jax.gan.run import files, processes

try:
    import fcntl
except ImportError:  # Windows
    fcntl: Any = None

_PATIENCE = 2.0  # Seconds to wait for another process that looks at the lock file.
_SIZE = 512  # Bytes of the lock file: each write replaces all of it.


class Holder(NamedTuple):
    """Content of a lock file.

    Attributes:
      process: Process that holds the lock.
      token: Random text that distinguishes this lease from all others.
    """

    process: processes.Process
    token: str


@contextlib.contextmanager
def open_alone(path: Path, *, create: bool) -> Iterator[tuple[int, bool]]:
    """Opens a lock file while no other process has it open in this function.

    Args:
      path: Lock file. A symbolic link is not followed.
      create: Whether to create the file if it does not exist.

    Yields:
      The file descriptor, and False if the file system cannot exclude other processes.

    Raises:
      BlockingIOError: If another process has the file open in here for several seconds.
      OSError: If the file cannot be opened.
    """
    end = time.monotonic() + _PATIENCE
    while True:
        file = _open(path, create=create)
        try:
            is_locked = _flock(file)
            if is_locked is not None and _is_at(file, path):
                yield file, is_locked
                return
        finally:
            os.close(file)
        if time.monotonic() > end:
            raise BlockingIOError(errno.EAGAIN, "another process is using it")
        time.sleep(0.02)


def file_system_time(path: Path) -> float:
    """Returns the time on the clock that sets the times of files beside `path`."""
    probe = path.with_name(f"{path.name}.{secrets.token_hex(4)}{files.PART}")
    file = os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        return os.fstat(file).st_mtime
    finally:
        os.close(file)
        probe.unlink(missing_ok=True)


def write(file: int, holder: Holder) -> None:
    """Writes the content of an open lock file."""
    text = json.dumps({**holder.process._asdict(), "token": holder.token})
    os.pwrite(file, f"{text:{_SIZE - 1}}\n".encode(), 0)
    os.ftruncate(file, _SIZE)
    os.fsync(file)


def read(file: int) -> Holder | None:
    """Returns the content of an open lock file, or None if it is not valid."""
    try:
        values = json.loads(os.pread(file, _SIZE, 0))
        process = processes.Process(*(values[name] for name in processes.Process._fields))
        holder = Holder(process, values["token"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    texts = (process.host, process.machine, process.started, holder.token)
    valid = all(isinstance(text, str) for text in texts) and type(process.pid) is int
    return holder if valid and 0 < process.pid < 2**31 else None


def _open(path: Path, *, create: bool) -> int:
    """Opens a regular file for reading and writing, without following a symbolic link."""
    flags = os.O_RDWR | (os.O_CREAT if create else 0)
    for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC"):
        flags |= getattr(os, name, 0)
    file = os.open(path, flags, 0o666)
    if stat.S_ISREG(os.fstat(file).st_mode):
        return file
    os.close(file)
    raise OSError(errno.EINVAL, "it is not a regular file")


def _flock(file: int) -> bool | None:
    """Locks a file: True if done, False if the file system has no locks, None if it is locked."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except BlockingIOError:
        return None
    except (OSError, AttributeError):  # AttributeError: there is no fcntl.
        return False


def _is_at(file: int, path: Path) -> bool:
    """Returns whether the open file has not been deleted or replaced."""
    with contextlib.suppress(FileNotFoundError):
        found, opened = os.lstat(path), os.fstat(file)
        return (found.st_dev, found.st_ino) == (opened.st_dev, opened.st_ino)
    return False
