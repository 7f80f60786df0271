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
      read: Function that returns further vectors to log, by name, from the optimizer state.
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
        write_record(self._folder, step, quantities, self._read(state.optimizer))
        due = time.monotonic() - self._saved > SAVE_SECONDS
        if step < self._steps and (due or self._time_limit.reached):
            self._checkpoints.save(step, state)
            self._checkpoints.delete_except([step])
            self._saved = time.monotonic()
            self._time_limit.check()


def write_record(
    folder: Path, step: int, quantities: Mapping[str, Any], vectors: Mapping[str, Any]
) -> None:
    """Appends one record to `metrics.jsonl`: scalar quantities, and the elements of vectors.

    The elements of the vector `x` are `x_0`, `x_1`, and so on.
    """
    scalars = {name: float(value) for name, value in quantities.items() if name != "nonfinite"}
    elements = {
        f"{name}_{index}": float(value)
        for name, vector in vectors.items()
        for index, value in enumerate(np.asarray(vector))
    }
    gan.append_metrics(folder, {"step": step, **scalars, **elements})


class Trainer:
    """Trains runs of one setting. Networks are built once, and compiled once per method.

    Args:
      config: Networks, loss and batch size.
      data: Training data.
      optimizers: Optimizers by the method names of the jobs.
      read: Function that returns further vectors to log, by name, from the optimizer state.

    Attributes:
      pair: Networks; their initial parameters have the seed `config.run.seed`.
      images: Training data on the device.
      every: Number of updates between two records.
      read: The argument.
    """

    def __init__(
        self,
        config: gan.Config,
        data: gan.Data,
        optimizers: Mapping[str, Optimizer],
        read: Callable[[Any], Mapping[str, jax.Array]],
    ) -> None:
        self._config, self._optimizers, self.read = config, optimizers, read
        self.images, self.every = jnp.asarray(data.images), config.run.log_every
        self.pair = gan.build_pair(config, data.images.shape[1:])
        game, _ = gan.build_game(config, data, 1)
        self._game = game._replace(pair=self.pair, axis_name=None)
        self._initial_arrays = jax.jit(
            lambda seed: _arrays(
                gan.build_pair(config.replace(seed=jax.random.key(seed)), data.images.shape[1:])
            )
        )

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
        done, state, checkpoints = self.start(folder, job)
        learning_rates = mm.Players(*(jnp.float32(rate) for rate in job.rates))
        inputs = (self.images, np.uint32(job.seed), learning_rates)
        recorder = Recorder(folder, self.every, job.steps, time_limit, checkpoints, self.read)
        program = self.program(job.method, vmap=False)
        try:
            return gan.train_loop(program, state, inputs, [recorder], done, job.steps), None
        except Diverged as error:
            return error.state, error.update

    def start(self, folder: Path, job: Job) -> tuple[int, gan.TrainState, gan.Checkpoints]:
        """Returns the step and the state at which a run starts or resumes, and its checkpoints.

        Records after this step are deleted.
        """
        checkpoints = gan.Checkpoints(folder / "checkpoints", print)
        state = self.initial_state(job.method, job.seed)
        stored = checkpoints.restore()
        if stored:
            state = jax.tree.map(jnp.asarray, gan.fill_checkpoint(state, stored[1]))
        done = int(state.step)
        gan.discard_metrics_after(folder, done)
        return done, state, checkpoints

    def initial_state(self, method: str, seed: int) -> gan.TrainState:
        """Returns the state before the first update."""
        arrays = self._initial_arrays(np.uint32(seed))
        generator, discriminator = (
            network._replace(params=params, stats=stats)
            for network, (params, stats) in zip(self.pair[:2], arrays, strict=True)
        )
        pair = self.pair._replace(generator=generator, discriminator=discriminator)
        state = gan.init_state(self._game._replace(pair=pair), self._initial_optimizer(method))
        # The state is donated, so every leaf needs its own buffer.
        return jax.tree.map(lambda leaf: jnp.array(leaf), state)

    @functools.cache  # noqa: B019 - a trainer lives as long as its process
    def program(self, method: str, *, vmap: bool) -> gan.Program:
        """Returns the compiled functions of a method, with a leading axis of runs if `vmap`."""
        optimizer_fn = functools.partial(self._optimizer, method)
        return gan.compile_tunable_program(self._game, optimizer_fn, self._config, vmap=vmap)

    def _optimizer(self, method: str, learning_rates: mm.Players) -> Any:
        return self._optimizers[method](learning_rates, gan.gradient_norm_recorders())

    @functools.cache  # noqa: B019 - `jax.jit` knows the `init` of the same optimizer
    def _initial_optimizer(self, method: str) -> Any:
        return self._optimizer(method, mm.Players(0.0, 0.0))


def _arrays(pair: gan.Pair) -> list[tuple[Any, Any]]:
    return [(network.params, network.stats) for network in (pair.generator, pair.discriminator)]
