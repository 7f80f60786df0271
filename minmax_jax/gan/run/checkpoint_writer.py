"""Checkpoints written by a thread of their own while training goes on."""

import contextlib
import errno
import logging
import os
import sys
import threading
from collections.abc import Callable, Collection, Iterator
from concurrent import futures
from types import TracebackType
from typing import Any

from minmax_jax.gan.base.errors import WriteFailed
from minmax_jax.gan.run import checkpoint

Retain = Callable[[list[int]], Collection[int]]
"""From the steps of all checkpoints to those to keep."""


class Writer:
    """Writes one checkpoint at a time, behind training's back.

    `save` returns once the state is copied to the host. What the thread does then stands in
    one order: Orbax commits the files, the seal follows, and only then are older checkpoints
    dropped; so whatever ends the process in between leaves the last good one. A `with` block
    ends when everything is on disk.

    Args:
      checkpoints: where to.
      retain: which ones are kept after each save.
      check: called with step and values before they are written; raises to refuse them.
    """

    def __init__(
        self,
        checkpoints: checkpoint.Checkpoints,
        retain: Retain,
        check: Callable[[int, checkpoint.Values], None] = lambda step, values: None,
    ) -> None:
        self._checkpoints, self._retain, self._check = checkpoints, retain, check
        self._thread = futures.ThreadPoolExecutor(1, thread_name_prefix="checkpoints")
        self._pending: futures.Future[None] | None = None
        self._quiet = _quiet_orbax()

    def save(self, step: int, state: Any) -> None:
        """Takes a copy of `state` and has it written, once the one before is.

        Raises:
          WriteFailed: the one before could not be written.
        """
        values = checkpoint.flatten(state)
        self._check(step, values)
        self.wait()
        self._pending = self._thread.submit(self._write, step, values)

    def poll(self) -> None:
        """Raises `WriteFailed` if the checkpoint under way has failed by now."""
        if self._pending is not None and self._pending.done():
            self.wait()

    def wait(self) -> None:
        """Returns when everything is written.

        Raises:
          WriteFailed: it could not be.
        """
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.result()

    def __enter__(self) -> "Writer":
        """Nothing is written yet."""
        self._quiet.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Waits for what is under way; its failure must not hide the block's own error."""
        try:
            self._thread.shutdown()
        finally:
            self._quiet.__exit__(None, None, None)
        if error is None:
            self.wait()

    def _write(self, step: int, values: checkpoint.Values) -> None:
        try:
            self._checkpoints.save(step, values)
            self._checkpoints.drop_all_but(self._retain(self._checkpoints.steps()))
        except Exception as error:  # of the disk, as the several layers beneath word it
            reason = " ".join(str(error).split()) or type(error).__name__
            steps = self._checkpoints.steps()
            last = f"checkpoint {steps[-1]} is the last good one" if steps else "there is none yet"
            raise WriteFailed(
                f"checkpoint {step} could not be written ({_brief(reason)}); {last}; make room on "
                "the disk, then the same command resumes the run"
            ) from error


@contextlib.contextmanager
def _quiet_orbax() -> Iterator[None]:
    """Keeps Orbax from printing tracebacks of what it raises anyway, and `WriteFailed` tells.

    It prints in three ways: its threads end by the error, it logs it, and a write that ends
    after the first one that failed finds its event loop closed.
    """
    of_threads, of_callbacks = threading.excepthook, sys.excepthook

    def thread_hook(args: threading.ExceptHookArgs) -> None:
        if not type(args.thread).__module__.startswith("orbax."):
            of_threads(args)

    def callback_hook(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if not (isinstance(error, RuntimeError) and "Event loop is closed" in str(error)):
            of_callbacks(kind, error, trace)

    def is_not_orbax(record: logging.LogRecord) -> bool:
        return "orbax" not in record.pathname or record.levelno < logging.ERROR

    log = logging.getLogger("absl")
    threading.excepthook, sys.excepthook = thread_hook, callback_hook
    log.addFilter(is_not_orbax)
    try:
        yield
    finally:
        log.removeFilter(is_not_orbax)
        threading.excepthook, sys.excepthook = of_threads, of_callbacks


_DISK_ERRORS = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EIO)


def _brief(reason: str) -> str:
    """What the system said, out of a long message full of paths; else how that message begins."""
    known = (os.strerror(code) for code in _DISK_ERRORS)
    return next((text for text in known if text in reason), f"{reason:.160}")
