"""Heartbeat between the processes of a run, which ends all of them if one fails."""

import contextlib
import os
import sys
import threading
import time
from typing import Any, NoReturn

from minmax_jax.gan.base.errors import EXIT_CODES, HostFailed
from minmax_jax.gan.multihost.termination import Termination

ROOT = "minmax_jax"
"""First part of all keys in the key-value store."""

INTERVAL = 0.5
"""Seconds between two heartbeats."""


class Heartbeat:
    """Sends heartbeats and checks the heartbeats of the other processes, in a thread.

    If another process reports an error or stops responding, this process exits at once with a
    one-line message. The thread also forwards SIGTERM to the coordinator.

    Args:
      client: Key-value store of `jax.distributed`.
      index: Index of this process.
      timeout: Seconds without a heartbeat after which a process has stopped responding.
      termination: SIGTERM state of this process.
    """

    def __init__(self, client: Any, index: int, timeout: float, termination: Termination) -> None:
        self._client, self._index, self._timeout = client, index, timeout
        self._termination = termination
        self._stop = threading.Event()
        self._last_seen: dict[str, tuple[str, float]] = {}
        threading.Thread(target=self._run, daemon=True).start()

    @property
    def stopped(self) -> bool:
        """Whether `stop` was called."""
        return self._stop.is_set()

    def stop(self) -> None:
        """Ends the thread."""
        self._stop.set()

    def _run(self) -> None:
        beats = 0
        while not self._stop.wait(INTERVAL):
            beats += 1
            try:
                self._client.key_value_set(f"{ROOT}/alive/{self._index}", str(beats), True)
                self._forward_termination()
                failed = self._client.key_value_dir_get(f"{ROOT}/failed/")
                alive = self._client.key_value_dir_get(f"{ROOT}/alive/")
            except Exception:
                if self.stopped:
                    return
                # The key-value store runs in process 0. If it cannot be reached, process 0 has
                # failed.
                reason = "it has stopped responding"
                failed, alive = [(f"{ROOT}/failed/0", f"{EXIT_CODES[HostFailed]} {reason}")], []
            if any(_process(key) == str(self._index) for key, _ in failed):
                return  # This process reported an error itself and is about to exit.
            for key, text in failed:
                self._exit_because_of(key, text)
            self._check_alive(alive)

    def _exit_because_of(self, key: str, text: str) -> NoReturn:
        code, _, reason = text.partition(" ")
        with contextlib.suppress(Exception):
            self._client.key_value_set(f"{ROOT}/read/{self._index}", "", True)
        exit_now(int(code), f"process {_process(key)}: {reason}")

    def _check_alive(self, alive: list[tuple[str, str]]) -> None:
        now = time.monotonic()
        for key, beat in alive:
            if self._last_seen.get(key, ("", 0.0))[0] != beat:
                self._last_seen[key] = (beat, now)
            elif now - self._last_seen[key][1] > self._timeout:
                exit_now(
                    EXIT_CODES[HostFailed],
                    f"process {_process(key)} has sent no heartbeat for {self._timeout} s. Start "
                    "all processes again to resume the run.",
                )

    def _forward_termination(self) -> None:
        key = f"{ROOT}/terminate"
        if self._index == 0:
            if self._client.key_value_dir_get(f"{key}/"):
                self._termination.requested = True
        elif self._termination.requested:
            self._client.key_value_set(f"{key}/{self._index}", "", True)


def exit_now(code: int, text: str) -> NoReturn:
    """Exits without cleanup, with a one-line message on standard error."""
    print(f"minmax-jax: {text}", file=sys.stderr, flush=True)
    sys.stdout.flush()
    os._exit(code)


def _process(key: str) -> str:
    return key.rpartition("/")[2]
