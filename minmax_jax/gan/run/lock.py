"""Holds the lock of run folders, so that only one process writes to each."""

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from minmax_jax.gan.base.errors import ConfigError, WriteFailed
from minmax_jax.gan.run import lease

Check = Callable[[], None]
"""Function to call before each write; it raises `WriteFailed` if the lock was lost."""


@contextlib.contextmanager
def hold(*folders: Path) -> Iterator[Check]:
    """Locks folders inside the `with` block, and renews the locks in a thread.

    The lock of a process that was killed is taken over at once on the same machine, and
    `lease.LEASE` seconds after its last renewal on another machine.

    Args:
      folders: Folders to write. They must exist.

    Yields:
      A function to call before each write.

    Raises:
      ConfigError: If another process holds one of the locks. The message names its host and its
        process number.
    """
    with contextlib.ExitStack() as stack:
        leases = []
        for folder in folders:
            leases.append(lease.Lease(folder))
            leases[-1].acquire()
            stack.callback(leases[-1].release)
        stop = threading.Event()
        thread = threading.Thread(target=_renew, args=(leases, stop), daemon=True, name="lock")
        thread.start()
        stack.callback(thread.join)
        stack.callback(stop.set)
        yield lambda: _check(leases)


def _check(leases: Sequence[lease.Lease]) -> None:
    for each in leases:
        each.check()


def _renew(leases: Sequence[lease.Lease], stop: threading.Event) -> None:
    while not stop.wait(lease.HEARTBEAT):
        for each in leases:
            # `check` reports the error to the thread that wants to write.
            with contextlib.suppress(WriteFailed, ConfigError):
                each.renew()
