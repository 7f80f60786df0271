"""Number of steps per compiled call, from the speed of the calls before."""

import collections
import time
from typing import Any

import jax

SECONDS_PER_CALL = 0.5
"""Duration of a call that is long enough to hide its overhead, and short enough for Ctrl-C."""

_AHEAD = 0.1
"""Seconds of work that may wait in the queue of the devices, in addition to two calls."""


class Pace:
    """Chooses how many steps the next call makes, and keeps the host close to the devices.

    Calls return before the devices have computed them. Without a limit, the host would start
    many calls, and a signal would be noticed only after all of them.

    Args:
      most: Largest number of steps per call.
      seconds: Duration that a call should not exceed by much. The first call makes `block` steps,
        and each finished call at most doubles the number. None for `most` steps in every call.
      block: With `seconds`, the number of steps is a multiple of it.

    Attributes:
      steps: Number of steps of the next call.
      aligned: Whether calls end at multiples of `steps`.
    """

    def __init__(self, most: int, seconds: float | None = None, block: int = 1) -> None:
        self.steps, self.aligned = (most, True) if seconds is None else (block, False)
        self._most, self._seconds, self._block = most, seconds, block
        self._running: collections.deque[tuple[int, float, Any]] = collections.deque()
        self._last_end = 0.0
        self._depth = 2

    def started(self, steps: int, start: float, results: Any) -> None:
        """Adds a call, and waits until at most one call is running, or more if they are short.

        Args:
          steps: Number of steps of the call.
          start: Value of `time.monotonic()` before the call.
          results: Results of the call, which no later call deletes.
        """
        self._running.append((steps, start, results))
        while len(self._running) >= self._depth:
            self._wait()

    def _wait(self) -> None:
        steps, start, results = self._running.popleft()
        jax.block_until_ready(results)
        now = time.monotonic()
        seconds = max(now - max(start, self._last_end), 1e-6)
        self._last_end = now
        if self._seconds is not None:
            fitting = int(self._seconds * steps / seconds)
            steps = min(fitting, 2 * self.steps, self._most)
            self.steps = max(steps // self._block, 1) * self._block
        self._depth = 2 if self.steps < self._most else 2 + int(_AHEAD / seconds)
