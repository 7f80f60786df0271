"""Training of single runs; all runs of a method share one compiled program.

Learning rates and initial parameters are runtime arguments of the program, because compiling a
convolutional step on CPU takes as long as a thousand steps.
"""

import functools
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import minmax_jax as mm
from experiments._shared.time_limit import TimeLimit
from experiments.dissecting.gan_runs.job import Job, Optimizer
from minmax_jax import gan

SAVE_SECONDS = 300.0
"""Time between two checkpoints of a run."""


class Diverged(Exception):
    """An update is not finite; `state` is the state before it.

    Attributes:
      state: The last finite state.
      update: Number of the non-finite update.
    """

    def __init__(self, state: gan.TrainState, update: int) -> None:
        super().__init__(f"update {update} is not finite")
        self.state, self.update = state, update


class Recorder(gan.Hook):
    """Logs norms of gradients and updates, and saves checkpoints.

    Args:
      folder: Folder of the run.
      every: Number of updates between two records.
      steps: Number of updates of the run.
      time_limit: Time limit, checked after each record.
      checkpoints: Checkpoints of the run.
      read: Function that returns further arrays to log, by name, from the optimizer state.
    """

    def __init__(
        self,
        folder: Path,
        every: int,
        steps: int,
        time_limit: TimeLimit,
        checkpoints: gan.Checkpoints,
        read: Callable[[Any], Mapping[str, jax.Array]],
    ) -> None:
        super().__init__(every)
        self._folder, self._steps, self._time_limit = folder, steps, time_limit
        self._checkpoints, self._read = checkpoints, read
        self._saved = time.monotonic()

    def __call__(self, step: int, state: Any, quantities: Mapping[str, Any]) -> None:
        """Writes one record.

        Raises:
          Diverged: If an update was not finite.
          TimeLimitReached: If the time limit is reached; the state is saved.
        """
        if update := int(max(state.nonfinite.last)):
            raise Diverged(state, update)
        scalars = {k: float(value) for k, value in quantities.items() if k != "nonfinite"}
        arrays = {k: np.asarray(x).tolist() for k, x in self._read(state.optimizer).items()}
        gan.append_metrics(self._folder, {"step": step, **scalars, **arrays})
        due = time.monotonic() - self._saved > SAVE_SECONDS
        if step < self._steps and (due or self._time_limit.reached):
            self._checkpoints.save(step, state)
            self._checkpoints.delete_except([step])
            self._saved = time.monotonic()
            self._time_limit.check()


class Trainer:
    """Trains runs of one setting.

    Args:
      config: Networks, loss and batch size.
      data: Training data.
      optimizers: Optimizers by the method names of the jobs.
      read: Function that returns further arrays to log, by name, from the optimizer state.

    Attributes:
      pair: Networks; their initial parameters have the seed `config.run.seed`.
    """

    def __init__(
        self,
        config: gan.Config,
        data: gan.Data,
        optimizers: Mapping[str, Optimizer],
        read: Callable[[Any], Mapping[str, jax.Array]],
    ) -> None:
        self._config, self._optimizers, self._read = config, optimizers, read
        self._shape, self._images = data.images.shape[1:], jnp.asarray(data.images)
        self.pair = gan.build_pair(config, self._shape)
        game, _ = gan.build_game(config, data, 1)
        self._game = game._replace(pair=self.pair, axis_name=None)

    def train(
        self, folder: Path, job: Job, time_limit: TimeLimit
    ) -> tuple[gan.TrainState, int | None]:
        """Trains a run, or resumes the one in the folder.

        Returns:
          The final state and None; or the state before the first non-finite update, and the
          number of that update.

        Raises:
          TimeLimitReached: If the time limit is reached; the state is saved.
        """
        checkpoints = gan.Checkpoints(folder / "checkpoints", print)
        state = self._initial_state(job.method, job.seed)
        stored = checkpoints.restore()
        if stored:
            state = jax.tree.map(jnp.asarray, gan.fill_checkpoint(state, stored[1]))
        done = int(state.step)
        gan.discard_metrics_after(folder, done)
        learning_rates = mm.Players(*(jnp.float32(rate) for rate in job.rates))
        inputs = (self._images, np.uint32(job.seed), learning_rates)
        every = self._config.run.log_every
        recorder = Recorder(folder, every, job.steps, time_limit, checkpoints, self._read)
        program = self._program(job.method)
        try:
            return gan.train_loop(program, state, inputs, [recorder], done, job.steps), None
        except Diverged as error:
            return error.state, error.update

    def seconds_per_step(self, method: str, count: int = 20) -> float:
        """Measures the CPU time of an update after compilation."""
        state, program = self._initial_state(method, 0), self._program(method)
        learning_rates = mm.Players(jnp.float32(0), jnp.float32(0))
        inputs = (self._images, np.uint32(0), learning_rates)
        state = jax.block_until_ready(gan.train_loop(program, state, inputs, [], 0, 1))
        began = time.process_time()
        for done in range(1, count + 1):
            state = gan.train_loop(program, state, inputs, [], done, done + 1)
        jax.block_until_ready(state)
        return (time.process_time() - began) / count

    def _initial_state(self, method: str, seed: int) -> gan.TrainState:
        pair = gan.build_pair(self._config.replace(seed=seed), self._shape)
        optimizer = self._optimizer(method, mm.Players(0.0, 0.0))
        state = gan.init_state(self._game._replace(pair=pair), optimizer)
        # The state is donated, so every leaf needs its own buffer.
        return jax.tree.map(lambda leaf: jnp.array(leaf), state)

    def _optimizer(self, method: str, learning_rates: mm.Players) -> Any:
        return self._optimizers[method](learning_rates, gan.gradient_norm_recorders())

    @functools.cache  # noqa: B019 - a trainer lives as long as its process
    def _program(self, method: str) -> Any:
        optimizer_fn = functools.partial(self._optimizer, method)
        return gan.compile_tunable_program(self._game, optimizer_fn, self._config)
