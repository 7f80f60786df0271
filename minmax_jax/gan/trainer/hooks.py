"""Hooks of a run: lock, log, finite values, evaluation, checkpoints, signals.

The trainer calls them in this order. An evaluation comes before the checkpoint of the same
step, because `keep_best` may depend on its scores.
"""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np

from minmax_jax import parallel
from minmax_jax.gan.base.errors import NonFinite
from minmax_jax.gan.config import config as config_lib
from minmax_jax.gan.evaluation import evaluate
from minmax_jax.gan.multihost.termination import Termination
from minmax_jax.gan.run import checkpoint, checkpoint_manager, metrics_log, run_folder
from minmax_jax.gan.trainer import pictures as pictures_lib
from minmax_jax.gan.training import nonfinite
from minmax_jax.gan.training.loop import Hook
from minmax_jax.gan.training.nonfinite_check import NonFiniteCheck

Read = Callable[[Any], Any]
"""Function from the state on the devices to one copy of it."""


def call_ends(config: config_lib.Config) -> list[Hook]:
    """Returns hooks that only end compiled calls, for processes that do not write.

    They do so at the steps of the coordinator's hooks. The processes of one run execute the
    same programs with the same step numbers, whether they write or not.
    """
    run = config.run
    hooks = [Hook(run.log_every, measure=True), Hook(run.checkpoint_every)]
    return hooks + [Hook(n) for n in (config.evaluation.every, run.sample_every) if n]


class LockHook(Hook):
    """Ends the run before anything is written if another process has taken its lock over.

    Args:
      check: Function that raises `WriteFailed` in this case.
    """

    def __init__(self, check: Callable[[], None]) -> None:
        super().__init__()
        self._check = check

    def __call__(self, step: int, state: Any, quantities: Mapping[str, Any]) -> None:
        """Checks the lock after every compiled call, before the other hooks write."""
        self._check()


class LogHook(Hook):
    """Logs the metrics of a run.

    Args:
      every: Number of steps between two records.
      log: Writer of `metrics.jsonl`.
      copies: Functions that copy new records to the logs of other programs.
    """

    def __init__(
        self,
        every: int,
        log: metrics_log.MetricsLog,
        copies: Sequence[Callable[[], None]] = (),
    ) -> None:
        super().__init__(every, measure=True)
        self._log, self._copies = log, copies

    def start(self, step: int) -> None:
        """Starts the clock after the first compiled call, so compilation is not timed."""
        self._log.start_clock(step)

    def __call__(self, step: int, state: Any, quantities: Mapping[str, Any]) -> None:
        """Adds the quantities to `metrics.jsonl`, and to the logs of other programs."""
        self._log.add(step, quantities)
        for copy in self._copies:
            copy()


class NonFiniteHook(Hook):
    """Stops the run at a non-finite value, and saves the last good state.

    Args:
      config: Configuration of the run.
      folder: Run folder.
      checkpoints: Checkpoints of the run.
      manager: Writer of these checkpoints.
      draw: Function that draws the samples and curves of a state, after it has been saved.
      read: `Program.read`.
    """

    def __init__(
        self,
        config: config_lib.Config,
        folder: Path,
        checkpoints: checkpoint.Checkpoints,
        manager: checkpoint_manager.CheckpointManager,
        draw: Callable[[Any], None] = lambda state: None,
        read: Read = parallel.unreplicate,
    ) -> None:
        super().__init__(config.run.log_every)
        self._draw, self._read = draw, read
        self._folder, self._checkpoints, self._manager = folder, checkpoints, manager
        self._check = NonFiniteCheck(config.training.on_nonfinite)

    def __call__(self, step: int, state: Any, quantities: Mapping[str, Any]) -> None:
        """Checks the quantities that have been computed, including those of earlier steps."""
        with self._save_last_good(state):
            self._check.check_metrics(step, quantities)

    def wait_until_finite(self, step: int, state: Any, quantities: Mapping[str, Any]) -> None:
        """Waits until all results up to `step` have been checked.

        Raises:
          NonFinite: If one is not finite and the policy is `stop`.
        """
        with self._save_last_good(state):
            self._check.check_metrics(step, quantities)
            self._check.wait_until_finite()

    @contextlib.contextmanager
    def _save_last_good(self, state: Any) -> Any:
        """On `NonFinite`, saves `state`, the state before the non-finite update."""
        try:
            yield
        except NonFinite:
            host = jax.tree.map(np.asarray, self._read(state))
            host = host._replace(nonfinite=nonfinite.reset(host.nonfinite))
            step = int(host.step)
            # If the state cannot be saved, the earlier checkpoints are the last good ones.
            with contextlib.suppress(NonFinite):
                self._manager.wait()
                if step and step not in self._checkpoints.steps():
                    self._manager.save(step, host)
                run_folder.discard_metrics_after(self._folder, step)
                self._draw(host)
            raise


class EvaluationHook(Hook):
    """Evaluates the generator during training.

    It skips the last step, because `finish.finish` evaluates the generator after training.

    Args:
      config: Configuration of the run.
      evaluator: Evaluator of the run.
      check: Hook that checks for non-finite values.
      log: Log, whose clock stops during an evaluation.
      read: `Program.read`.
    """

    def __init__(
        self,
        config: config_lib.Config,
        evaluator: evaluate.RunEvaluator,
        check: NonFiniteHook,
        log: metrics_log.MetricsLog,
        read: Read = parallel.unreplicate,
    ) -> None:
        super().__init__(config.evaluation.every)
        self._last_step, self._read = config.training.steps, read
        self._evaluator, self._check, self._log = evaluator, check, log

    def __call__(self, step: int, state: Any, quantities: Mapping[str, Any]) -> None:
        """Evaluates the generator and logs its scores, except at the last step."""
        if step < self._last_step:
            self._check.wait_until_finite(step, state, quantities)
            with self._log.paused(step):
                self._evaluator.evaluate(step, self._read(state))


class SampleHook(Hook):
    """Draws the same samples again and again while a run trains.

    Args:
      every: Number of steps between two images.
      pictures: Writer of the images.
      check: Hook that checks for non-finite values.
      log: Log, whose clock stops while an image is drawn.
      read: `Program.read`.
    """

    def __init__(
        self,
        every: int,
        pictures: pictures_lib.Pictures,
        check: NonFiniteHook,
        log: metrics_log.MetricsLog,
        read: Read = parallel.unreplicate,
    ) -> None:
        super().__init__(every)
        self._pictures, self._check, self._log, self._read = pictures, check, log, read

    def __call__(self, step: int, state: Any, quantities: Mapping[str, Any]) -> None:
        """Draws the samples of a step."""
        self._check.wait_until_finite(step, state, quantities)
        with self._log.paused(step):
            self._pictures.add(step, self._read(state))


class CheckpointHook(Hook):
    """Saves checkpoints.

    Args:
      every: Number of steps between two checkpoints.
      manager: Writer of checkpoints.
      check: Hook that checks for non-finite values.
      log: Log, which is flushed before each checkpoint.
      read: `Program.read`.
    """

    def __init__(
        self,
        every: int,
        manager: checkpoint_manager.CheckpointManager,
        check: NonFiniteHook,
        log: metrics_log.MetricsLog,
        read: Read = parallel.unreplicate,
    ) -> None:
        super().__init__(every)
        self._manager, self._check, self._log, self._read = manager, check, log, read
        self._saved = -1

    def __call__(self, step: int, state: Any, quantities: Mapping[str, Any]) -> None:
        """Starts to write a checkpoint, unless `step` already has one."""
        if step == self._saved:
            return
        self._log.flush()  # A run resumed from this checkpoint needs all earlier records.
        self._check.wait_until_finite(step, state, quantities)
        self._manager.save(step, self._read(state))
        self._saved = step

    def stopped(self, step: int, state: Any, quantities: Mapping[str, Any]) -> None:
        """Saves the state of a run whose data cannot be read any more."""
        self(step, state, quantities)
        self._manager.wait()


class TerminationHook(Hook):
    """Ends the run if a signal has arrived or a checkpoint could not be written.

    Both are checked after every compiled call. After a signal, the state is saved first.

    Args:
      termination: Signal state of this process.
      manager: Writer of checkpoints.
      save: Hook that saves a checkpoint.
      draw: Function that draws the samples and curves of a state, after it has been saved.
      read: `Program.read`.
    """

    def __init__(
        self,
        termination: Termination,
        manager: checkpoint_manager.CheckpointManager,
        save: CheckpointHook,
        draw: Callable[[Any], None] = lambda state: None,
        read: Read = parallel.unreplicate,
    ) -> None:
        super().__init__()
        self._termination, self._manager, self._read = termination, manager, read
        self._save, self._draw = save, draw

    def __call__(self, step: int, state: Any, quantities: Mapping[str, Any]) -> None:
        """Saves a checkpoint and ends the run if a signal has arrived.

        Raises:
          KeyboardInterrupt: If it was Ctrl-C; the state of `step` is saved.
          Terminated: If it was another signal; the state of `step` is saved.
          WriteFailed: If a checkpoint could not be written.
        """
        self._manager.wait(block=False)
        if self._termination.requested:
            self._save(step, state, quantities)
            self._manager.wait()
            self._draw(self._read(state))
            raise self._termination.error(
                f"saved at step {step}; run the same command again to resume the run"
            )
