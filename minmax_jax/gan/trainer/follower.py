"""What the other processes do where the first one writes: nothing, at the same moments."""

import contextlib
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from minmax_jax.gan.multihost.termination import Termination


class Log:
    """In place of `metrics_log.MetricsLog`.

    Attributes:
      running: whether the first call is over.
    """

    def __init__(self) -> None:
        self.running = False

    def begin(self, step: int) -> None:
        """The first call is over."""
        self.running = True

    def add(self, step: int, values: Mapping[str, Any]) -> None:
        """Nothing."""

    def flush(self) -> None:
        """Nothing."""

    def paused(self, step: int) -> contextlib.AbstractContextManager[None]:
        """Nothing."""
        return contextlib.nullcontext()


class Keeper:
    """In place of `keeper.Keeper`: SIGTERM is noted for the first process, which saves and ends.

    Args:
      termination: where it is noted.
    """

    def __init__(self, termination: Termination) -> None:
        self._termination = termination

    def look(self, done: int, state: Any, quantities: Mapping[str, Any]) -> None:
        """Nothing: the first process ends the run."""

    def confirm(self, done: int, state: Any, norms: Mapping[str, Any]) -> None:
        """Nothing."""

    def due(self, done: int) -> bool:
        """Never."""
        return False

    def save(self, done: int, state: Any, norms: Mapping[str, Any]) -> None:
        """Nothing."""

    def __enter__(self) -> "Keeper":
        """Takes over SIGTERM."""
        self._termination.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Gives it back."""
        self._termination.__exit__(kind, error, trace)
