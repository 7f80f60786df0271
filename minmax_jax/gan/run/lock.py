"""Holds the lock of run folders, so that only one process writes to each."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from minmax_jax.gan.base.errors import ConfigError, WriteFailed
from minmax_jax.gan.run import lease, lock_file

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


def token(folder: Path) -> str:
    """Returns the random text of the present lock of a folder, or an empty text.

    Two processes that read the same text see the same folder.

    Raises:
      OSError: If the folder has no lock, or the file cannot be read.
    """
    with lock_file.open_alone(folder / lease.FILE, create=False) as (file, _):
        holder = lock_file.read(file)
    return holder.token if holder else ""


def wait_until_free(*folders: Path, keep_waiting: Callable[[str], bool]) -> None:
    """Waits while other processes hold the locks of folders.

    A process of a cluster that takes over the run of a lost one cannot know whether the lost one
    still writes. If it does not, its lock expires `lease.LEASE` seconds after its last renewal.

    Args:
      folders: Folders that exist.
      keep_waiting: Function that is called about every second with the reason of the wait. If it
        returns False, the wait ends.
    """
    for folder in folders:
        while True:
            own = lease.Lease(folder)
            try:
                own.acquire()
                own.release()
                break
            except lease.Held as error:
                if not keep_waiting(str(error)):
                    return
            time.sleep(_LOOK)


_LOOK = 1.0
"""Seconds between two looks at the lock of another process."""


def _check(leases: Sequence[lease.Lease]) -> None:
    for each in leases:
        each.check()


def _renew(leases: Sequence[lease.Lease], stop: threading.Event) -> None:
    while not stop.wait(lease.HEARTBEAT):
        for each in leases:
            # `check` reports the error to the thread that wants to write.
            with contextlib.suppress(WriteFailed, ConfigError):
                each.renew()
