"""Handles SIGTERM. The first signal requests a save, the second exits at once.

Only signals to this process count as first and second. A signal that another process forwards
requests a save too.
"""

import contextlib
import os
import signal
import threading
from typing import Any

from minmax_jax.gan.base.errors import EXIT_CODES, Terminated


class Termination(contextlib.AbstractContextManager["Termination"]):
    """Records SIGTERM inside a `with` block.

    Python runs signal handlers only between two instructions of the main thread, which can spend
    minutes in a compilation or a compiled call. Therefore a thread reads the signals from the
    pipe into which the interpreter writes them on arrival. Handlers can be set only in the main
    thread; a block in another thread leaves SIGTERM unchanged.

    Attributes:
      requested: Whether this process has received SIGTERM or, in process 0, any process of the
        run has.
    """

    def __init__(self) -> None:
        self.requested = False
        # Whether this process itself has received SIGTERM. In process 0, `requested` is also set
        # if another process has.
        self._received = False
        self._thread: threading.Thread | None = None

    def __enter__(self) -> "Termination":
        """Installs the handler."""
        if threading.current_thread() is threading.main_thread():
            self._source, self._sink = os.pipe()
            os.set_blocking(self._sink, False)
            self._wakeup = signal.set_wakeup_fd(self._sink, warn_on_full_buffer=False)
            self._handler = signal.signal(signal.SIGTERM, lambda *_: None)
            self._thread = threading.Thread(target=self._read_signals, daemon=True)
            self._thread.start()
        return self

    def __exit__(self, *error: Any) -> None:
        """Restores the previous handler."""
        if self._thread is None:
            return
        signal.signal(signal.SIGTERM, self._handler)
        signal.set_wakeup_fd(self._wakeup)
        os.close(self._sink)  # ends the thread
        self._thread.join()
        os.close(self._source)
        self._thread = None

    def _read_signals(self) -> None:
        while number := os.read(self._source, 1):
            if self._wakeup != -1:  # Another listener, such as an event loop, needs the signal too.
                os.write(self._wakeup, number)
            if number[0] != signal.SIGTERM:
                continue
            if self._received:
                os._exit(EXIT_CODES[Terminated])
            self._received = self.requested = True
