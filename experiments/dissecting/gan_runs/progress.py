"""Progress lines of an experiment: finished runs, results and remaining time."""

import time
from collections.abc import Callable
from typing import Any

from experiments.dissecting.gan_runs.job import Job
from experiments.dissecting.gan_runs.runner import Runner


class Progress:
    """Runs jobs and prints one line per new run, with an estimate of the remaining time.

    Args:
      runner: Runner of the jobs.
      num_runs: Number of jobs.
      num_steps: Total number of updates of all jobs.
      format_outcome: Function that formats an outcome in a few words.
    """

    def __init__(
        self,
        runner: Runner,
        num_runs: int,
        num_steps: int,
        format_outcome: Callable[[Any], str],
    ) -> None:
        self._runner, self._format = runner, format_outcome
        self._num_runs, self._steps_left = num_runs, num_steps
        self._number, self._seconds, self._steps_taken = 0, 0.0, 0

    def estimate(self, method: str) -> str:
        """Measures one update of a method and formats the cost of all remaining runs."""
        seconds = self._runner.trainer.seconds_per_step(method)
        return (
            f"{self._num_runs - self._number + 1} runs, {self._steps_left:,} updates of "
            f"{1000 * seconds:.1f} ms of CPU time: {seconds * self._steps_left / 60:.0f} min, "
            "plus compilation and evaluation"
        )

    def outcome(self, job: Job) -> dict[str, Any]:
        """Returns the outcome of a job as `Runner.outcome` does; prints a line if it is new."""
        self._number += 1
        finished = self._runner.finished(job)
        if not finished and not self._steps_taken:  # Finished runs need no time estimate.
            print(self.estimate(job.method), flush=True)
        began = time.monotonic()
        found = self._runner.outcome(job)
        self._steps_left -= job.steps
        if not finished:
            self._seconds += time.monotonic() - began
            self._steps_taken += job.steps
            left = self._seconds / self._steps_taken * self._steps_left / 60
            head = f"[{self._number}/{self._num_runs}] {job.name}: {self._format(found)}"
            spent = f"{found['cpu_seconds']:.0f} s of CPU time"
            print(f"{head}; {spent}; about {left:.0f} min left", flush=True)
        return found
