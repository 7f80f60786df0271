"""Errors that end a command with one line and an exit code, never with a traceback.

code  error
2     `ConfigError`, `DataError`: a wrong input; nothing was written
3     `NonFinite`: the run diverged
4     `WriteFailed`: the disk is full, or cannot be written
5     `HostFailed`: another process of the same run is gone
130   Ctrl-C
143   `Terminated`: SIGTERM; the state is saved
"""

import difflib
from collections.abc import Iterable


class ConfigError(ValueError):
    """A wrong value in a configuration; the message is one line that says what to do."""


class DataError(ValueError):
    """Data that cannot be used; the message is one line that says what to do."""


def check_name(field: str, value: str, known: Iterable[str]) -> None:
    """Raises `ConfigError` with the nearest names if `value` is not one of `known`."""
    known = sorted(known)
    if value in known:
        return
    near = difflib.get_close_matches(value, known, n=3, cutoff=0.5)
    advice = f"did you mean {' or '.join(near)}?" if near else f"choose from {', '.join(known)}"
    raise ConfigError(f"{field}={value!r} is not known; {advice}")


class Stopped(Exception):
    """A run that ended before its last step; the message is one line that says what to do.

    Attributes:
      exit_code: what the command line ends with.
    """

    exit_code = 1


class NonFinite(Stopped):
    """A loss, a gradient or a state is not finite.

    Attributes:
      step: the update that was not finite, or after which the numbers were not.
    """

    exit_code = 3

    def __init__(self, message: str, step: int) -> None:
        super().__init__(message)
        self.step = step


class WriteFailed(Stopped):
    """The run folder cannot be written; the checkpoints that it holds are as they were."""

    exit_code = 4


class Terminated(Stopped):
    """SIGTERM came; the state of the last step is saved."""

    exit_code = 143


class HostFailed(Stopped):
    """Another process that trains the same run is gone."""

    exit_code = 5


def exit_code(error: BaseException) -> int | None:
    """Returns the code with which a command ends after `error`; None where it is a bug."""
    if isinstance(error, Stopped):
        return error.exit_code
    if isinstance(error, ConfigError | DataError):
        return 2
    return 130 if isinstance(error, KeyboardInterrupt) else None
