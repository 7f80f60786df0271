"""The right to write a run folder, which expires unless its holder renews it."""

import contextlib
import math
import os
import secrets
import threading
import time
from pathlib import Path

from minmax_jax.gan.base.errors import ConfigError, WriteFailed
from minmax_jax.gan.base.messages import printable
from minmax_jax.gan.run import files, lock_file, processes

FILE = "run.lock"
"""Name of the lock file in a run folder."""

LEASE = 60.0
"""Seconds after the last renewal at which another process may take over."""

HEARTBEAT = 5.0
"""Seconds between two renewals."""

_SETTLE = 1.0  # Seconds until the last writer has won, on file systems without locks.


class Held(ConfigError):
    """Another process holds the lock of a folder."""


class Lease:
    """Right of this process to write one folder.

    Every look at the lock file that can change it happens under the operating system's lock of
    that file, so that of two processes that want it at the same time one gets it. The age of a
    lease is measured with the clock of the file system, because the clocks of two machines can
    differ.

    Args:
      folder: Folder to write. It must exist.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._path = folder, folder / FILE
        self._own = lock_file.Holder(processes.current(), secrets.token_hex(16))
        self._mutex = threading.RLock()
        self._renewed = 0.0
        self._lost: WriteFailed | None = None

    def acquire(self) -> None:
        """Takes the lock if it is free, expired, or held by an ended process of this machine.

        Raises:
          Held: If another process holds the lock.
          ConfigError: If the file cannot be written.
        """
        holder = None
        with files.one_line_errors(self._path), contextlib.suppress(BlockingIOError):
            with lock_file.open_alone(self._path, create=True) as (file, is_locked):
                holder = lock_file.read(file)
                if os.fstat(file).st_size and self._is_held(file, holder):
                    raise self._refused(file, holder)
                began = _clock()
                lock_file.write(file, self._own)
                if not is_locked:
                    time.sleep(_SETTLE)
                    holder = lock_file.read(file)
                if is_locked or holder == self._own:
                    self._renewed = began
                    return
        raise Held(f"{self._used_by(holder)} Try again later.")

    def check(self) -> None:
        """Makes sure that no other process takes the lock within the next half minute.

        Raises:
          WriteFailed: If another process has taken over, or the lock file was deleted.
        """
        if self._lost is not None or _clock() - self._renewed > 2 * HEARTBEAT:
            self.renew()

    def renew(self) -> None:
        """Extends the lease. Raises the same errors as `check`."""
        with self._mutex:
            if self._lost is not None:
                raise self._lost
            began = _clock()
            try:
                with lock_file.open_alone(self._path, create=False) as (file, _):
                    self._check_own(file)
                    os.utime(file)
                self._renewed = began
            except FileNotFoundError:
                raise self._lose(f"the file {FILE} was deleted") from None
            except OSError as error:
                # A file server can be away for a while. Until the lease ends, nobody takes it.
                if began - self._renewed > LEASE / 2:
                    raise files.describe_error(error, self._path) from error

    def release(self) -> None:
        """Deletes the lock file, unless another process has taken over."""
        with self._mutex, contextlib.suppress(OSError, WriteFailed):
            with lock_file.open_alone(self._path, create=False) as (file, _):
                self._check_own(file)
                self._path.unlink()

    def _is_held(self, file: int, holder: lock_file.Holder | None) -> bool:
        # Only a changed clock gives a time in the future. A live holder corrects it soon.
        fresh = abs(self._age(file)) < LEASE
        return fresh and not (holder and processes.has_ended(holder.process))

    def _age(self, file: int) -> float:
        return lock_file.file_system_time(self._path) - os.fstat(file).st_mtime

    def _refused(self, file: int, holder: lock_file.Holder | None) -> Held:
        age = max(self._age(file), 0.0)
        return Held(
            f"{self._used_by(holder)} It showed a sign of life {age:.0f} s ago. Wait until it "
            "ends, or choose another --out. If it was killed on another machine, run this command "
            f"again in {math.ceil(max(LEASE - age, 1))} s."
        )

    def _used_by(self, holder: lock_file.Holder | None) -> str:
        return f"out={printable(str(self._folder))}: {_name(holder)} is writing to this folder."

    def _check_own(self, file: int) -> None:
        holder = lock_file.read(file)
        if holder is None or holder.token != self._own.token:
            raise self._lose(f"{_name(holder)} has taken over")

    def _lose(self, reason: str) -> WriteFailed:
        self._lost = WriteFailed(
            f"{printable(str(self._folder))}: this process has lost the lock of the folder "
            f"({reason}) and has written nothing since. A process that is suspended for "
            f"{LEASE:.0f} s can lose it. The checkpoints remain; run only one process per folder."
        )
        return self._lost


def _name(holder: lock_file.Holder | None) -> str:
    if holder is None:
        return "an unknown process"
    return f"process {holder.process.pid} on {printable(holder.process.host)}"


def _clock() -> float:
    """Returns seconds on a clock that also runs while the machine sleeps, if there is one."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
