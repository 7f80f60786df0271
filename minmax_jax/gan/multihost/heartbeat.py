"""Heartbeat between the processes of a run, which ends all of them if one fails."""

import contextlib
import threading
import time
from collections.abc import Mapping
from typing import NoReturn

from minmax_jax.gan.base.errors import EXIT_CODES, HostFailed
from minmax_jax.gan.multihost import exits
from minmax_jax.gan.multihost.termination import Termination
from minmax_jax.gan.multihost.wire import Wire, WireError

INTERVAL = 0.5
"""Seconds between two heartbeats."""

PATIENCE = 5.0
"""Seconds for which a failing process waits until the others have ended."""


class Heartbeat:
    """Exchanges heartbeats between process 0 and the other processes, in threads.

    If a process ends, reports an error or stops responding, all processes exit at once with a
    one-line message: process 0 notices it and tells the others, and the others notice the loss
    of process 0. Signals that request the end of the run are forwarded to process 0.

    Args:
      wires: Connections by index of the other side: to all others in process 0, and to process 0
        in the others.
      timeout: Seconds without a heartbeat after which a process has stopped responding.
      termination: Signal state of this process.

    Attributes:
      timeout: Seconds without a heartbeat after which a process has stopped responding.
    """

    def __init__(self, wires: Mapping[int, Wire], timeout: float, termination: Termination) -> None:
        self._wires, self.timeout, self._termination = dict(wires), timeout, termination
        self._stop, self._ending = threading.Event(), threading.Lock()
        self._left: set[int] = set()
        self._everyone_left = threading.Event()
        if not wires:
            self._everyone_left.set()
        self._readers = [
            threading.Thread(target=self._read, args=item, daemon=True) for item in wires.items()
        ]
        for thread in (threading.Thread(target=self._beat, daemon=True), *self._readers):
            thread.start()

    @property
    def stopped(self) -> bool:
        """Whether the heartbeat has ended."""
        return self._stop.is_set()

    def leave(self) -> None:
        """Waits until all processes have called it, and ends the heartbeat.

        A process that is lost afterwards has done its part.
        """
        if 0 in self._wires:
            self._tell({"bye": True})
        self._everyone_left.wait()
        if 0 not in self._wires:
            self._tell({"bye": True})
        self.stop()

    def stop(self) -> None:
        """Ends the heartbeat of this process."""
        self._stop.set()

    def close(self) -> None:
        """Closes the connections of a stopped heartbeat."""
        for thread in self._readers:
            thread.join()
        for wire in self._wires.values():
            wire.close()

    def fail(self, code: int, text: str, process: int) -> NoReturn:
        """Ends all processes because of an error in this one.

        Args:
          code: Exit code of all processes.
          text: Message of this process.
          process: Index of this process.
        """
        self._end(code, text, f"process {process}: {text}")
        while True:  # Another thread is ending the process.
            time.sleep(1)

    def _beat(self) -> None:
        forwarded = False
        while not self._stop.wait(INTERVAL):
            self._tell({})
            if self._termination.requested and not forwarded:
                forwarded = True
                self._tell({"terminate": self._termination.name})

    def _tell(self, message: dict) -> None:
        for wire in self._wires.values():
            with contextlib.suppress(OSError):  # The reader notices that the connection has ended.
                wire.send(message)

    def _read(self, peer: int, wire: Wire) -> None:
        silence = 0.0
        while not self.stopped:
            start = time.monotonic()
            try:
                message = wire.receive(INTERVAL)
                silence = 0.0
            except TimeoutError:
                # Time in which this process was suspended does not count: after it, all
                # processes of a suspended job continue.
                silence += min(time.monotonic() - start, 2 * INTERVAL)
                if silence < self.timeout:
                    continue
                self._lose(peer, f"has sent no heartbeat for {self.timeout:g} s")
                return
            except (OSError, WireError):
                message = None
            if message is None:
                self._lose(peer, "has ended without a message")
                return
            self._handle(peer, message)

    def _handle(self, peer: int, message: Mapping) -> None:
        if "bye" in message:
            self._left.add(peer)
            if len(self._left) == len(self._wires):
                self._everyone_left.set()
        if "terminate" in message and 0 not in self._wires:
            self._termination.name = str(message["terminate"])
            self._termination.requested = True
        if "failed" in message:
            text, code = str(message["failed"]), message.get("code")
            if not isinstance(code, int) or code not in EXIT_CODES.values():
                code = EXIT_CODES[HostFailed]
            self._end(code, text, text)

    def _lose(self, peer: int, what: str) -> None:
        if not (self.stopped or peer in self._left):
            text = f"process {peer} {what}. Start all processes again to resume the run."
            self._end(EXIT_CODES[HostFailed], text, text)

    def _end(self, code: int, text: str, told: str) -> None:
        """Tells the others the reason and exits, unless another thread is doing so."""
        if not self._ending.acquire(blocking=False):
            return
        self._tell({"failed": told, "code": code})
        # The others must read the reason before this process closes the connections. They close
        # theirs when they have.
        end = time.monotonic() + PATIENCE
        for thread in self._readers:
            if thread is not threading.current_thread():
                thread.join(max(0.0, end - time.monotonic()))
        exits.exit_now(code, text)
