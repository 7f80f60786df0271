"""SIGTERM: the first one is noted, so that the state can be saved; a second one ends at once."""

import os
import signal
import threading
from types import TracebackType

from minmax_jax.gan.base.errors import EXIT_CODES, Terminated


class Termination:
    """Notes SIGTERM inside a `with` block.

    Python runs its signal handlers between two instructions of the main thread, which may
    sit in a compilation or a compiled call for minutes. So the signals are read by a thread,
    from the pipe into which the interpreter writes them as they come. Outside the main
    thread, where no handler can be set, SIGTERM keeps its meaning.

    Attributes:
      asked: whether SIGTERM has come.
    """

    def __init__(self) -> None:
        self.asked = False
        self._thread: threading.Thread | None = None

    def __enter__(self) -> "Termination":
        """Takes over SIGTERM."""
        if threading.current_thread() is threading.main_thread():
            self._source, self._sink = os.pipe()
            os.set_blocking(self._sink, False)
            self._wakeup = signal.set_wakeup_fd(self._sink, warn_on_full_buffer=False)
            self._handler = signal.signal(signal.SIGTERM, lambda *_: None)
            self._thread = threading.Thread(target=self._watch, daemon=True)
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Gives SIGTERM back."""
        if self._thread is None:
            return
        signal.signal(signal.SIGTERM, self._handler)
        signal.set_wakeup_fd(self._wakeup)
        os.close(self._sink)  # ends the thread
        self._thread.join()
        os.close(self._source)
        self._thread = None

    def _watch(self) -> None:
        while number := os.read(self._source, 1):
            if self._wakeup != -1:  # another listener, as an event loop has one
                os.write(self._wakeup, number)
            if number[0] != signal.SIGTERM:
                continue
            if self.asked:
                os._exit(EXIT_CODES[Terminated])
            self.asked = True
