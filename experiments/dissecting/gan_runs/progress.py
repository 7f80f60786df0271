"""Progress lines of an experiment: finished runs, results and remaining time."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import jax

from experiments.dissecting.gan_runs.group import seconds_per_step
from experiments.dissecting.gan_runs.job import Job
from experiments.dissecting.gan_runs.runner import Runner

AUTOMATIC_SIZE = 8
"""Number of runs of a vmapped program on accelerators, if it is not given."""


class Progress:
    """Runs jobs and prints one line per new run, with an estimate of the remaining time.

    All times are wall-clock times.

    Args:
      runner: Runner of the jobs.
      num_runs: Number of jobs.
      num_steps: Total number of updates of all jobs.
      format_outcome: Function that formats an outcome in a few words.
      runs_at_once: Number of runs that train together in one vmapped program. With 1, runs train
        one after another. With 0, this is so on CPU; on accelerators both are measured for the
        first method, and the faster one is used.
    """

    def __init__(
        self,
        runner: Runner,
        num_runs: int,
        num_steps: int,
        format_outcome: Callable[[Any], str],
        runs_at_once: int = 1,
    ) -> None:
        self._runner, self._format = runner, format_outcome
        self._num_runs, self._steps_left = num_runs, num_steps
        self._number, self._seconds, self._steps_taken = 0, 0.0, 0
        self._size = runs_at_once

    def estimate(self, method: str, size: int) -> str:
        """Measures one update of a method and formats the duration of all remaining runs."""
        seconds = seconds_per_step(self._runner.trainer, method, size)
        together = f", {size} runs at once" if size > 1 else ""
        return (
            f"{self._num_runs - self._number} runs, {self._steps_left:,} updates of "
            f"{1000 * seconds:.1f} ms{together}: {seconds * self._steps_left / 60:.0f} min, "
            "plus compilation and evaluation"
        )

    def choose_size(self, method: str) -> int:
        """Returns the number of runs that train together; measures it if it is not given."""
        if self._size:
            return self._size
        if jax.default_backend() == "cpu":
            return 1
        sizes = (1, AUTOMATIC_SIZE)
        spent = [seconds_per_step(self._runner.trainer, method, size) for size in sizes]
        lines = (f"{size} at once: {1000 * s:.2f} ms" for size, s in zip(sizes, spent, strict=True))
        print(f"One update of one run, {'; '.join(lines)}", flush=True)
        return sizes[spent.index(min(spent))]

    def outcome(self, job: Job) -> dict[str, Any]:
        """Returns the outcome of a job as `Runner.outcome` does; prints a line if it is new."""
        return self.outcomes([job])[0]

    def outcomes(self, jobs: Sequence[Job]) -> list[dict[str, Any]]:
        """Returns the outcomes of jobs of one method and length; prints a line per new run.

        Raises:
          ConfigError: If a folder contains another run.
          TimeLimitReached: If the time limit is reached; all states are saved.
        """
        missing = [job for job in jobs if not self._runner.finished(job)]
        finished = [job for job in jobs if job not in missing]
        self._number += len(finished)
        self._steps_left -= sum(job.steps for job in finished)
        if missing and not self._steps_taken:  # Finished runs need no time estimate.
            self._size = self.choose_size(missing[0].method)
        # Compiling a program for fewer runs takes less time than training copies that fill it.
        size = min(self._size, len(missing))
        if missing and not self._steps_taken:
            print(self.estimate(missing[0].method, size), flush=True)
        for begin in range(0, len(missing), max(size, 1)):
            self._train(missing[begin : begin + size], size)
        return [self._runner.outcome(job) for job in jobs]

    def _train(self, jobs: Sequence[Job], size: int) -> None:
        """Trains the runs of one group, in a program of `size` runs, and prints their lines."""
        began, last = time.monotonic(), self._number + len(jobs)
        if size == 1:
            found = [self._runner.outcome(job) for job in jobs]
        else:
            found = self._runner.outcomes(jobs, size)
        self._seconds += time.monotonic() - began
        self._steps_taken += sum(job.steps for job in jobs)
        self._steps_left -= sum(job.steps for job in jobs)
        left = self._seconds / self._steps_taken * self._steps_left / 60
        for job, outcome in zip(jobs, found, strict=True):
            self._number += 1
            head = f"[{self._number}/{self._num_runs}] {job.name}: {self._format(outcome)}"
            rest = f"; about {left:.0f} min left" if self._number == last else ""
            print(f"{head}; {outcome['seconds']:.0f} s{rest}", flush=True)
