"""Writes checkpoints in the background and deletes old ones."""

import contextlib
from collections.abc import Callable, Collection
from concurrent import futures
from typing import Any

from minmax_jax.gan.base.errors import NonFinite, WriteFailed
from minmax_jax.gan.run import checkpoint
from minmax_jax.gan.training.nonfinite_check import nonfinite_leaves


class CheckpointManager(contextlib.AbstractContextManager["CheckpointManager"]):
    """Writes one checkpoint at a time in a thread, while training continues.

    Older checkpoints are deleted only after the new one is complete and on disk. A `with` block
    ends when everything is written.

    Args:
      checkpoints: Folder of the checkpoints.
      retain: Function from the steps of all checkpoints to those to keep. See `retention`.
      start: Initial state. A leaf that is not finite in it, such as the payoff in the state of a
        greedy method, may be so later.
    """

    def __init__(
        self,
        checkpoints: checkpoint.Checkpoints,
        retain: Callable[[list[int]], Collection[int]],
        start: Any = (),
    ) -> None:
        self._checkpoints, self._retain = checkpoints, retain
        self._exempt = set(nonfinite_leaves(checkpoint.flatten(start)))
        self._thread = futures.ThreadPoolExecutor(1, thread_name_prefix="checkpoints")
        self._pending: futures.Future[None] | None = None

    def save(self, step: int, state: Any) -> None:
        """Copies `state` to the host and starts to write it, after the previous checkpoint.

        Raises:
          NonFinite: If `state` contains a value that is not finite; nothing is written.
          WriteFailed: If the previous checkpoint could not be written.
        """
        values = checkpoint.flatten(state)
        bad = [name for name in nonfinite_leaves(values) if name not in self._exempt]
        if bad:
            reason = f"step {step}: {bad[0]} is not finite, and the state is not saved"
            raise NonFinite(f"{reason}. Start again with a lower learning rate.", step)
        self.wait()
        self._pending = self._thread.submit(self._write, step, values)

    def wait(self, *, block: bool = True) -> None:
        """Waits for the write in progress, unless `block` is False; raises its `WriteFailed`."""
        if self._pending is not None and (block or self._pending.done()):
            pending, self._pending = self._pending, None
            pending.result()

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        """Waits for the write in progress; its failure does not hide an error of the block."""
        self._thread.shutdown()
        if error is None:
            self.wait()

    def _write(self, step: int, values: checkpoint.Values) -> None:
        try:
            self._checkpoints.save(step, values)
            self._checkpoints.delete_except(self._retain(self._checkpoints.steps()))
        except (OSError, MemoryError) as error:
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            last = (self._checkpoints.steps() or ["none"])[-1]
            raise WriteFailed(
                f"checkpoint {step} could not be written ({reason:.160}); last valid one: {last}. "
                "Free disk space, then run the same command again to resume the run."
            ) from error
