"""Ends a run after Ctrl-C, SIGTERM or SIGHUP, when its state is saved.

The first signal requests a save; the second one exits at once. Only signals to this process count
as first and second. A signal that another process forwards requests a save too.
"""

import contextlib
import contextvars
import os
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any

from minmax_jax.gan.base.errors import EXIT_CODES, Terminated
from minmax_jax.gan.multihost import interrupts
from minmax_jax.gan.multihost.signals import SignalReader

NAMES = {signal.SIGINT: "Ctrl-C", signal.SIGTERM: "SIGTERM"}
"""Names of the signals, for messages."""

if hasattr(signal, "SIGHUP"):  # A closed terminal sends it.
    NAMES[signal.SIGHUP] = "SIGHUP"

Ask = Callable[[], str]
"""Function that returns why runs must end now, or an empty text while they may continue."""

_ask: contextvars.ContextVar[Ask] = contextvars.ContextVar("ask", default=lambda: "")


@contextlib.contextmanager
def also_when(ask: Ask) -> Iterator[None]:
    """Ends runs that start inside the `with` block as a signal does, when `ask` returns a reason.

    Runs call the function after every compiled call. It also works outside the main thread, where
    signals cannot be handled.

    Args:
      ask: Function that returns the reason, or an empty text.
    """
    token = _ask.set(ask)
    try:
        yield
    finally:
        _ask.reset(token)


class Termination(contextlib.AbstractContextManager["Termination"]):
    """Records the signals that end a run, inside a `with` block.

    Handlers can be set only in the main thread; in another thread, the block has no effect. A
    signal that is ignored stays ignored: `nohup` ignores SIGHUP, and a shell ignores Ctrl-C for
    programs in the background.

    Attributes:
      name: Name of the signal, or the reason of `also_when`.
    """

    def __init__(self) -> None:
        self._requested, self.name = False, NAMES[signal.SIGTERM]
        self._ask = _ask.get()
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

    @property
    def requested(self) -> bool:
        """Whether the run must end: this process has received a signal, or `also_when` says so.

        In process 0, it is also True if another process of the run has received a signal.
        """
        if not self._requested and (reason := self._ask()):
            self.name, self._requested = reason, True
        return self._requested

    @requested.setter
    def requested(self, value: bool) -> None:
        self._requested = value

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
