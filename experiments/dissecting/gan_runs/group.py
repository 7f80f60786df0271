"""Training of several runs at once, in one vmapped program.

The runs differ in learning rates and seed. Their results agree up to rounding with runs that are
trained one after another, and their checkpoints are the same, so that an interrupted run may
continue in another group or alone.
"""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp

import minmax_jax as mm
from experiments._shared.time_limit import TimeLimit
from experiments.dissecting.gan_runs.job import Job
from experiments.dissecting.gan_runs.training import SAVE_SECONDS, Trainer, write_record
from minmax_jax import gan

End = tuple[gan.TrainState, int | None]
"""The final state of a run, and the number of its non-finite update or None."""


class GroupRecorder(gan.Hook):
    """Logs the norms of several runs, and saves their checkpoints.

    Args:
      trainer: Trainer of the runs.
      folders: Folders of the runs.
      checkpoints: Checkpoints of the runs.
      steps: Number of updates of each run.
      time_limit: Time limit, checked after each record.
    """

    def __init__(
        self,
        trainer: Trainer,
        folders: Sequence[Path],
        checkpoints: Sequence[gan.Checkpoints],
        steps: int,
        time_limit: TimeLimit,
    ) -> None:
        super().__init__(trainer.every)
        self._read, self._folders, self._checkpoints = trainer.read, folders, checkpoints
        self._steps, self._time_limit, self._saved = steps, time_limit, time.monotonic()

    def __call__(self, step: int, state: Any, quantities: Mapping[str, Any]) -> None:
        """Writes one record of each run that has not diverged.

        Raises:
          TimeLimitReached: If the time limit is reached; all states are saved.
        """
        values = {name: value for name, value in quantities.items() if name != "nonfinite"}
        host = jax.device_get((state.step, values, self._read(state.optimizer)))
        for row, folder in enumerate(self._folders):
            taken, found, arrays = _row(host, row)
            if taken == step:  # A run that has diverged has no later records.
                write_record(folder, step, found, arrays)
        due = time.monotonic() - self._saved > SAVE_SECONDS
        if step < self._steps and (due or self._time_limit.reached):
            self._save(state)
            self._time_limit.check()

    def _save(self, state: Any) -> None:
        states = jax.device_get(state)
        for row, checkpoints in enumerate(self._checkpoints):
            own = _row(states, row)
            checkpoints.save(int(own.step), own)
            checkpoints.delete_except([int(own.step)])
        self._saved = time.monotonic()


def train_group(
    trainer: Trainer, folders: Sequence[Path], jobs: Sequence[Job], time_limit: TimeLimit, size: int
) -> list[End]:
    """Trains runs of one method and length together, or resumes them.

    Args:
      trainer: Trainer of the runs.
      folders: Folders of the runs.
      jobs: The runs, at most `size`. They have the same method and number of updates.
      time_limit: Time limit of all training.
      size: Number of runs of the compiled program. Missing runs are filled with copies of the last
        one, so that all groups of a method use one program.

    Returns:
      The end of each run.

    Raises:
      TimeLimitReached: If the time limit is reached; all states are saved.
    """
    starts = [trainer.start(folder, job) for folder, job in zip(folders, jobs, strict=True)]
    ends: dict[int, End] = {}
    for done in sorted({start[0] for start in starts}):  # Runs of one step continue together.
        rows = [row for row, start in enumerate(starts) if start[0] == done]
        padded = [*rows, *[rows[-1]] * (size - len(rows))]
        recorder = GroupRecorder(
            trainer,
            [folders[row] for row in rows],
            [starts[row][2] for row in rows],
            jobs[0].steps,
            time_limit,
        )
        state = gan.train_loop(
            trainer.program(jobs[0].method, vmap=True),
            jax.tree.map(lambda *leaves: jnp.stack(leaves), *(starts[row][1] for row in padded)),
            (trainer.images, *_inputs([jobs[row] for row in padded])),
            [recorder],
            done,
            jobs[0].steps,
        )
        host = jax.device_get(state)  # Slices on the device would be programs of their own.
        ends.update({row: _end(_row(host, index)) for index, row in enumerate(rows)})
    return [ends[row] for row in range(len(jobs))]


def seconds_per_step(trainer: Trainer, method: str, size: int = 1, count: int = 20) -> float:
    """Measures the wall-clock time of one update of one run, after compilation.

    Args:
      trainer: Trainer of the runs.
      method: Name of the optimizer.
      size: Number of runs that train together. Their time is divided by this number.
      count: Number of updates to measure.
    """
    state, program = trainer.initial_state(method, 0), trainer.program(method, vmap=size > 1)
    inputs: tuple[Any, Any] = jnp.uint32(0), mm.Players(jnp.float32(0), jnp.float32(0))
    if size > 1:
        state, inputs = jax.tree.map(lambda leaf: jnp.stack([leaf] * size), (state, inputs))
    # The first call compiles, and the second one measures how many steps a call should make.
    for begin, end in ((0, 1), (1, 3)):
        state = gan.train_loop(program, state, (trainer.images, *inputs), [], begin, end)
    jax.block_until_ready(state)
    began = time.monotonic()
    state = gan.train_loop(program, state, (trainer.images, *inputs), [], 3, 3 + count)
    jax.block_until_ready(state)
    return (time.monotonic() - began) / (count * size)


def _inputs(jobs: Sequence[Job]) -> tuple[jax.Array, mm.Players]:
    """Returns the stacked seeds and learning rates."""
    rates = [jnp.array([job.rates[side] for job in jobs], jnp.float32) for side in (0, 1)]
    return jnp.array([job.seed for job in jobs], jnp.uint32), mm.Players(*rates)


def _row(tree: Any, row: int) -> Any:
    return jax.tree.map(lambda leaf: leaf[row, ...], tree)  # Not NumPy scalars.


def _end(state: gan.TrainState) -> End:
    last = int(max(state.nonfinite.last))
    return state, last if last > int(state.step) else None
