"""Reports after Ctrl-C which files are on disk, and exits at the second Ctrl-C."""

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator

from minmax_jax.gan.base.errors import EXIT_CODES
from minmax_jax.gan.base.messages import printable
from minmax_jax.gan.multihost.signals import SignalReader

_DEFAULT = "files that are not complete were not replaced"

# Functions that describe the files of the work in progress, the innermost last.
_descriptions: list[Callable[[], str]] = []

# Seconds until a message says that the first Ctrl-C has arrived, if the command still runs.
_PATIENCE = 0.5


@contextlib.contextmanager
def describe(describe_disk: Callable[[], str]) -> Iterator[None]:
    """Adds a clause about the files on disk to a `KeyboardInterrupt` inside the `with` block.

    Args:
      describe_disk: Function that returns the clause, without a capital or a period.
    """
    _descriptions.append(describe_disk)
    try:
        yield
    except KeyboardInterrupt as error:
        if error.args:
            raise
        raise KeyboardInterrupt(f"Ctrl-C: {describe_disk()}") from None
    finally:
        _descriptions.remove(describe_disk)


def on_disk() -> str:
    """Returns a clause for messages about the files that an interrupted command leaves on disk."""
    with contextlib.suppress(Exception):  # It must not prevent the exit.
        return _descriptions[-1]()
    return _DEFAULT


def message(error: KeyboardInterrupt) -> str:
    """Returns the line that reports an interrupted command."""
    return str(error) or f"Ctrl-C: {_DEFAULT}"


class SecondInterrupt(contextlib.AbstractContextManager["SecondInterrupt"]):
    """Ends the process at the second Ctrl-C inside the `with` block, even during a compilation.

    Use it for a command, not in a library function: the process of a notebook must survive.
    """

    def __init__(self) -> None:
        self._count = 0
        self._reader = SignalReader(self._receive)
        self._notice = threading.Timer(_PATIENCE, self._announce)
        self._notice.daemon = True

    def __enter__(self) -> "SecondInterrupt":
        """Starts to count."""
        self._reader.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        """Stops to count."""
        self._reader.__exit__(*error)
        self._notice.cancel()

    def _receive(self, number: int) -> None:
        if number != signal.SIGINT:
            return
        self._count += 1
        if self._count == 1:
            self._notice.start()
        else:
            write_line(f"Ctrl-C again: exit at once; {on_disk()}")
            os._exit(EXIT_CODES[KeyboardInterrupt])

    def _announce(self) -> None:
        write_line(
            "Ctrl-C: waiting for the computation in progress. Press Ctrl-C again to exit at once "
            f"({on_disk()})."
        )


def write_line(text: str) -> None:
    """Writes a line to standard error from any thread, without waiting for another writer."""
    with contextlib.suppress(OSError):
        os.write(2, f"\nminmax-jax: {printable(text)}\n".encode())
