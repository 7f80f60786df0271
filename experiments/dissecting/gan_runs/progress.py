"""Lines for the person who waits: what has run, how it came out, how long it may still take."""

import time
from collections.abc import Callable
from typing import Any

from experiments.dissecting.gan_runs.runner import Workshop
from experiments.dissecting.gan_runs.training import Job


class Progress:
    """Runs jobs and says how long it may still take.

    Args:
      shop: what runs them.
      num_runs: how many there are.
      num_steps: updates of all of them.
      shown: an outcome in a few words.
    """

    def __init__(
        self, shop: Workshop, num_runs: int, num_steps: int, shown: Callable[[Any], str]
    ) -> None:
        self._shop, self._total, self._steps, self._shown = shop, num_runs, num_steps, shown
        self._number, self._spent, self._taken = 0, 0.0, 0

    def estimate(self, method: str) -> str:
        """Measures an update of a method and returns what all that may be left will cost."""
        each = self._shop.trainer.seconds_per_step(method)
        return (
            f"{self._total - self._number + 1} runs, {self._steps:,} updates of "
            f"{1000 * each:.1f} ms of CPU time: {each * self._steps / 60:.0f} min, besides "
            "compilation and judging"
        )

    def outcome(self, job: Job) -> dict[str, Any]:
        """As `Workshop.outcome`, with a line for what was not there."""
        self._number += 1
        known = self._shop.finished(job)
        if not known and not self._taken:  # what is there already costs nothing, nor a probe
            print(self.estimate(job.method), flush=True)
        began = time.monotonic()
        found = self._shop.outcome(job)
        self._steps -= job.steps
        if not known:
            self._spent += time.monotonic() - began
            self._taken += job.steps
            left = self._spent / self._taken * self._steps / 60
            head = f"[{self._number}/{self._total}] {job.name}: {self._shown(found)}"
            spent = f"{found['cpu_seconds']:.0f} s of CPU time"
            print(f"{head}; {spent}; about {left:.0f} min left", flush=True)
        return found
