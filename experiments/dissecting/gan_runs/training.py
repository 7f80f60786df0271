"""Training one run under any optimizer; all runs of a method share one compiled program.

Learning rates and initial parameters are arguments of the compiled step, because on a CPU the
compilation of a convolutional step costs as much as a thousand of its steps.
"""

import functools
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import lax

import minmax_jax as mm
from minmax_jax import gan
from minmax_jax.gan.run import checkpoint, run_folder
from minmax_jax.gan.training import build, gradient_norms, nonfinite
from minmax_jax.gan.training import program as program_lib
from minmax_jax.gan.training import step as step_lib

SAVE_SECONDS = 300.0
"""Between two checkpoints of one run."""

Optimizer = Callable[[mm.Players, mm.Players], optax.GradientTransformationExtraArgs]
"""From rates, and what has to see every gradient, to an optimizer of both players."""


class PieceOver(Exception):
    """The time of this piece is over; everything is saved."""


class Job(NamedTuple):
    """One run.

    Attributes:
      name: of its folder.
      method: name of an `Optimizer`.
      rates: (min, max) learning rates.
      seed: of the initial parameters and of every draw.
      steps: updates.
      samples: how many are judged at the end.
      metrics: names of `scores.METRICS`, all if empty.
    """

    name: str
    method: str
    rates: tuple[float, float]
    seed: int
    steps: int
    samples: int
    metrics: tuple[str, ...] = ()


class Clock:
    """Says when the time of this piece is over, `minutes` after it was made."""

    def __init__(self, minutes: float) -> None:
        self._end = time.monotonic() + 60 * minutes

    def check(self) -> None:
        """Raises `PieceOver` if it is."""
        if self.over:
            raise PieceOver

    @property
    def over(self) -> bool:
        return time.monotonic() >= self._end


class Trainer:
    """Trains runs of one setting.

    Args:
      config: networks, loss and batch.
      data: what is imitated.
      optimizers: by the names that jobs use.
      read: of the optimizer's state what is logged besides, arrays by name.

    Attributes:
      pair: the networks; initial values are those of `config.run.seed`.
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
        self.pair = build.build_pair(config, self._shape)
        played, _ = build.build_game(config, data, 1)
        self._game = played._replace(pair=self.pair, axis_name=None)
        self._stride = config.training.steps_per_call or program_lib.default_steps_per_call(
            self._game, jax.default_backend()
        )

    def train(self, folder: Path, job: Job, clock: Clock) -> tuple[step_lib.TrainState, int | None]:
        """Trains a run, or goes on with the one in the folder.

        Returns:
          The final state and None; or the state before the update that was not finite, and
          the number of that update.

        Raises:
          PieceOver: there is no more time; the state is saved.
        """
        store = checkpoint.Checkpoints(folder / "checkpoints", print)
        state, advance = self._start(job.method, job.seed), self._program(job.method)
        stored = store.restore()
        if stored:
            state = jax.tree.map(jnp.asarray, checkpoint.fill(state, stored[1]))
        done = int(state.step)
        run_folder.rewind_metrics(folder, done)
        rates = mm.Players(*(jnp.float32(rate) for rate in job.rates))
        saved, every = time.monotonic(), self._config.run.log_every
        while done < job.steps:
            done = min(job.steps, *((done // n + 1) * n for n in (self._stride, every)))
            state, norms = advance(state, self._images, np.uint32(job.seed), rates, np.int32(done))
            if done % every and done < job.steps:
                continue
            if last := int(max(state.nonfinite.last)):
                return state, last
            run_folder.append_metrics(folder, self._line(done, norms, state))
            late = time.monotonic() - saved > SAVE_SECONDS
            if done < job.steps and (late or clock.over):
                store.save(done, state)
                store.drop_all_but([done])
                saved = time.monotonic()
                clock.check()
        return state, None

    def seconds_per_step(self, method: str, count: int = 20) -> float:
        """Measures the CPU time of an update, once it is compiled."""
        state, advance = self._start(method, 0), self._program(method)
        rates = mm.Players(jnp.float32(0), jnp.float32(0))
        state, norms = advance(state, self._images, np.uint32(0), rates, np.int32(1))
        jax.block_until_ready(norms)
        began = time.process_time()
        for done in range(2, count + 2):
            state, norms = advance(state, self._images, np.uint32(0), rates, np.int32(done))
        jax.block_until_ready(norms)
        return (time.process_time() - began) / count

    def _start(self, method: str, seed: int) -> step_lib.TrainState:
        config = self._config.replace(seed=seed)
        pair = build.build_pair(config, self._shape)
        optimizer = self._optimizer(method, mm.Players(0.0, 0.0))
        state = step_lib.init(self._game._replace(pair=pair), optimizer)
        return jax.tree.map(lambda leaf: jnp.array(leaf), state)  # each buffer once: it is donated

    def _optimizer(self, method: str, rates: mm.Players) -> Any:
        return self._optimizers[method](rates, gradient_norms.watchers())

    @functools.cache  # noqa: B019  a trainer lives as long as its process
    def _program(self, method: str) -> Callable[..., Any]:
        def advance(state: Any, images: Any, seed: Any, rates: mm.Players, until: Any) -> Any:
            optimizer = self._optimizer(method, rates)
            step = functools.partial(
                step_lib.train_step, self._game, optimizer, self._config.training.ema_decay
            )
            guarded = nonfinite.guard(step, "stop", axis_name=None)
            if self._stride == 1:
                return guarded(state, images, seed)
            shapes = jax.eval_shape(guarded, state, images, seed)[1]
            norms = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shapes)
            return lax.while_loop(
                lambda carry: (carry[0].step < until) & nonfinite.goes_on(carry[0], "stop"),
                lambda carry: guarded(carry[0], images, seed),
                (state, norms),
            )

        return jax.jit(advance, donate_argnums=0)

    def _line(self, done: int, norms: Mapping[str, Any], state: Any) -> dict[str, Any]:
        scalars = {name: float(value) for name, value in norms.items() if name != "nonfinite"}
        read = {name: np.asarray(x).tolist() for name, x in self._read(state.optimizer).items()}
        return {"step": done, **scalars, **read}
