"""Ends a run after Ctrl-C, SIGTERM or SIGHUP, when its state is saved.

The first signal requests a save; the second one exits at once. Only signals to this process count
as first and second. A signal that another process forwards requests a save too.
"""

import contextlib
import os
import signal
import threading
from typing import Any

from minmax_jax.gan.base.errors import EXIT_CODES, Terminated
from minmax_jax.gan.multihost import interrupts
from minmax_jax.gan.multihost.signals import SignalReader

NAMES = {signal.SIGINT: "Ctrl-C", signal.SIGTERM: "SIGTERM"}
"""Names of the signals, for messages."""

if hasattr(signal, "SIGHUP"):  # A closed terminal sends it.
    NAMES[signal.SIGHUP] = "SIGHUP"


class Termination(contextlib.AbstractContextManager["Termination"]):
    """Records the signals that end a run, inside a `with` block.

    Handlers can be set only in the main thread; in another thread, the block has no effect. A
    signal that is ignored stays ignored: `nohup` ignores SIGHUP, and a shell ignores Ctrl-C for
    programs in the background.

    Attributes:
      requested: Whether this process has received a signal. In process 0: whether any process
        of the run has received one.
      name: Name of the signal.
    """

    def __init__(self) -> None:
        self.requested, self.name = False, NAMES[signal.SIGTERM]
        # Signals that this process itself has received. In process 0, `requested` is also set if
        # another process has received one.
        self._received = self._handled = 0
        self._numbers: list[int] = []
        self._handlers: dict[int, Any] = {}
        self._reader = SignalReader(self._receive)

    def __enter__(self) -> "Termination":
        """Installs the handlers."""
        if threading.current_thread() is threading.main_thread():
            ignored = (signal.SIG_IGN, None)  # None: a handler that Python did not install.
            self._numbers = [n for n in NAMES if signal.getsignal(n) not in ignored]
            self._reader.__enter__()
            for number in self._numbers:
                self._handlers[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *error: Any) -> None:
        """Restores the previous handlers."""
        while self._handlers:
            signal.signal(*self._handlers.popitem())
        self._reader.__exit__(*error)

    def error(self, text: str) -> KeyboardInterrupt | Terminated:
        """Returns the error that ends the run because of the signal.

        It is `KeyboardInterrupt` for Ctrl-C, so that scripts and notebooks stop too.

        Args:
          text: What was saved.
        """
        kind = KeyboardInterrupt if self.name == NAMES[signal.SIGINT] else Terminated
        return kind(f"{self.name}: {text}")

    def _receive(self, number: int) -> None:
        if number not in self._numbers:
            return
        self._received += 1
        if self._received == 1:
            self._request(number)
        elif number != signal.SIGINT:
            interrupts.write_line(
                f"{NAMES[signal.Signals(number)]} again: exit at once; {interrupts.on_disk()}"
            )
            os._exit(EXIT_CODES[Terminated])

    def _handle(self, number: int, frame: Any) -> None:
        # The thread may not have counted a signal that the main thread already handles, and the
        # main thread handles two signals at once if it was busy.
        self._handled += 1
        if max(self._handled, self._received) == 1:
            self._request(number)
        elif number == signal.SIGINT:
            raise KeyboardInterrupt(f"Ctrl-C again: {interrupts.on_disk()}")

    def _request(self, number: int) -> None:
        self.name, self.requested = NAMES[signal.Signals(number)], True
