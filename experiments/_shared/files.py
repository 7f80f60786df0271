"""Files that are written completely or not at all."""

import contextlib
import json
import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

try:
    import fcntl
except ImportError:  # Windows
    fcntl: Any = None


class Busy(Exception):
    """Another process is writing the same file. The one-line message says what to do."""


@contextlib.contextmanager
def only_writer(path: Path) -> Iterator[None]:
    """Makes sure that no other process writes a file inside the `with` block.

    An experiment reads a file, adds to it and writes it again, so a second process would lose the
    entries of the first one. The lock is the operating system's and ends with the process.

    Args:
      path: File to write.

    Raises:
      Busy: If another process is inside such a block for the file, or the file is locked twice.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.lock")
    while True:
        lock = os.open(beside, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            if not _lock(lock):
                raise Busy(
                    f"{path}: another process is writing this file. Wait until it ends, or choose "
                    "another file."
                )
            if _is_at(lock, beside):  # The last holder may just have deleted it.
                try:
                    yield
                finally:
                    beside.unlink(missing_ok=True)
                return
        finally:
            os.close(lock)


def _lock(file: int) -> bool:
    """Locks an open file, unless another process has locked it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except (OSError, AttributeError):  # The file system or the system has no locks.
        pass
    return True


def _is_at(file: int, path: Path) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(file), os.stat(path))
    return False


def write_atomically(path: Path, content: str | bytes) -> None:
    """Writes a file, text as UTF-8; an interrupted call leaves the old file unchanged."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    try:
        unfinished.write_bytes(content if isinstance(content, bytes) else content.encode())
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def write_json(path: Path, content: Any, **options: Any) -> None:
    """Writes JSON without NaN or infinity, with a final newline.

    Args:
      path: File to write.
      content: Anything that JSON can hold.
      **options: Arguments of `json.dumps`, for example `indent`.
    """
    write_atomically(path, json.dumps(content, **{"allow_nan": False, **options}) + "\n")


def read_or_compute(path: Path, compute: Callable[[], Any]) -> Any:
    """Returns the content of a JSON file; computes and writes it first if it is missing."""
    if not path.exists():
        write_json(path, compute())
    return json.loads(path.read_text())
