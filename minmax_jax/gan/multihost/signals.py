"""Reads signals in a thread, even while the main thread is busy."""

import contextlib
import os
import signal
import threading
from collections.abc import Callable
from typing import Any


class SignalReader(contextlib.AbstractContextManager["SignalReader"]):
    """Calls a function in a thread for each signal that has a Python handler.

    Python runs signal handlers only between two instructions of the main thread, which can spend
    minutes in a compilation or a compiled call. Therefore a thread reads the signals from the
    pipe into which the interpreter writes them on arrival. Only the main thread can set this up;
    in another thread, the `with` block has no effect.

    Args:
      receive: Function that is called with the number of each signal.
    """

    def __init__(self, receive: Callable[[int], None]) -> None:
        self._receive = receive
        self._thread: threading.Thread | None = None

    def __enter__(self) -> "SignalReader":
        """Starts to read."""
        if threading.current_thread() is threading.main_thread():
            self._source, self._sink = os.pipe()
            os.set_blocking(self._sink, False)
            self._wakeup = signal.set_wakeup_fd(self._sink, warn_on_full_buffer=False)
            self._thread = threading.Thread(target=self._read, daemon=True, name="signals")
            self._thread.start()
        return self

    def __exit__(self, *error: Any) -> None:
        """Ends the thread, after it has read all signals that have arrived."""
        if self._thread is None:
            return
        signal.set_wakeup_fd(self._wakeup)
        os.close(self._sink)  # ends the thread
        self._thread.join()
        os.close(self._source)
        self._thread = None

    def _read(self) -> None:
        while number := os.read(self._source, 1):
            if self._wakeup != -1:  # An outer reader or an event loop needs the signal too.
                with contextlib.suppress(OSError):
                    os.write(self._wakeup, number)
            self._receive(number[0])
