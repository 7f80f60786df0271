"""What stands between a run and its loss: checkpoints, the watch on its numbers, SIGTERM."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import jax
import numpy as np

from minmax_jax import parallel
from minmax_jax.gan.base.errors import NonFinite, Terminated
from minmax_jax.gan.config import config as config_lib
from minmax_jax.gan.config.run import parse_best
from minmax_jax.gan.multihost import termination
from minmax_jax.gan.run import (
    checkpoint,
    checkpoint_writer,
    retention,
    run_folder,
)
from minmax_jax.gan.training import nonfinite
from minmax_jax.gan.training import step as step_lib


class Keeper:
    """Saves a run while it goes on; a `with` block ends when every checkpoint is on disk.

    Args:
      config: the run's configuration.
      folder: its folder.
      start: a state of it, on the host, that is as it should be.
      note: called with lines for the person who waits.
      asked: where SIGTERM is noted, of its own by default.
    """

    def __init__(
        self,
        config: config_lib.Config,
        folder: Path,
        start: step_lib.TrainState,
        note: Callable[[str], None],
        asked: termination.Termination | None = None,
    ) -> None:
        self._config, self._folder, self._note = config, folder, note
        self._best = parse_best(config.run.keep_best)
        self._checkpoints = checkpoint.Checkpoints(folder / "checkpoints", note)
        self._writer = checkpoint_writer.Writer(self._checkpoints, self._retain, self._check)
        # A greedy method's payoff is infinite before its first step.
        self._exempt = set(checkpoint.not_finite(checkpoint.flatten(start)))
        self._watcher = nonfinite.Watcher(config.training.on_nonfinite)
        self._termination = asked or termination.Termination()
        self._blocks = contextlib.ExitStack()
        self._stop = False

    def look(self, done: int, state: step_lib.TrainState, quantities: Mapping[str, Any]) -> None:
        """Has the quantities of the call that ended at `done` read, as soon as they are there.

        Raises:
          NonFinite: under `on_nonfinite="stop"` some were not finite.
        """
        with self._kept(state):
            self._watcher.look(done, quantities)

    def confirm(self, done: int, state: step_lib.TrainState, norms: Mapping[str, Any]) -> None:
        """Waits until it is certain that `state` is that of step `done`, and finite.

        Raises:
          NonFinite: as `look`.
        """
        self.look(done, state, norms)
        with self._kept(state):
            self._watcher.flush()

    def due(self, done: int) -> bool:
        """Returns whether a checkpoint is due after `done` steps.

        Raises:
          WriteFailed: the last one could not be written.
        """
        self._writer.poll()
        self._stop = self._termination.asked  # once: it may change at any moment
        every, steps = self._config.run.checkpoint_every, self._config.training.steps
        return self._stop or done >= steps or done % every == 0

    def save(self, done: int, state: step_lib.TrainState, norms: Mapping[str, Any]) -> None:
        """Starts to write the checkpoint of step `done`.

        Args:
          done: steps so far.
          state: the state on the devices.
          norms: what the call that ended in it reported.

        Raises:
          NonFinite: there is a number in it that is not finite; it is not written.
          WriteFailed: the last checkpoint could not be written.
          Terminated: SIGTERM has come, and this one is written.
        """
        self.confirm(done, state, norms)
        self._writer.save(done, parallel.unreplicate(state))
        if self._stop:
            self._writer.wait()
            raise Terminated(f"SIGTERM: saved at step {done}; the same command resumes the run")

    @contextlib.contextmanager
    def _kept(self, state: step_lib.TrainState) -> Iterator[None]:
        """Saves the state at which a run stops because of what came next; it is finite itself."""
        try:
            yield
        except NonFinite:
            host = jax.tree.map(np.asarray, parallel.unreplicate(state))
            host = host._replace(nonfinite=nonfinite.reset(host.nonfinite))
            step = int(host.step)
            with contextlib.suppress(NonFinite):  # then those before it are the last good ones
                self._writer.wait()
                if step and step not in self._checkpoints.steps():
                    self._writer.save(step, host)
                run_folder.rewind_metrics(self._folder, step)
            raise

    def _check(self, step: int, values: checkpoint.Values) -> None:
        wrong = [name for name in checkpoint.not_finite(values) if name not in self._exempt]
        if wrong:
            raise NonFinite(
                f"step {step}: {wrong[0]} is not finite, and is not saved; the checkpoints before "
                "it are as they were: start again with a lower learning rate",
                step,
            )

    def _retain(self, steps: list[int]) -> set[int]:
        records = run_folder.read_metrics(self._folder)
        return retention.retained(steps, self._config.run.keep, records, self._best)

    def note_best(self) -> None:
        """Says which checkpoint `keep_best` kept, or that nothing of that name was logged."""
        if self._best is None:
            return
        records = run_folder.read_metrics(self._folder)
        step = retention.best_step(self._checkpoints.steps(), records, self._best)
        if step is None:
            names = ", ".join(sorted({name for record in records for name in record} - {"step"}))
            self._note(
                f"keep_best={self._config.run.keep_best}: no line of metrics.jsonl at the step of "
                f"a checkpoint has it; logged are {names}"
            )
        else:
            score = retention.scores(records, self._best)[step]
            self._note(f"best {self._best.name}: {score:.4g}, kept as checkpoint {step}")

    def __enter__(self) -> "Keeper":
        """Takes over SIGTERM."""
        self._blocks.enter_context(self._termination)
        self._blocks.enter_context(self._writer)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Waits for the checkpoint under way, then gives SIGTERM back."""
        self._blocks.__exit__(kind, error, trace)
