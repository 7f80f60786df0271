"""Errors that end a command with a one-line message and an exit code."""

import difflib
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from minmax_jax.gan.base.messages import short


class ConfigError(ValueError):
    """A configuration value is invalid. The one-line message says what to do."""


class DataError(ValueError):
    """The data cannot be used. The one-line message says what to do."""


class Stopped(Exception):
    """A run ended before its last step. The one-line message says what to do.

    Attributes:
      exit_code: Exit code of a command that ends with this error.
    """

    exit_code = 1


class NonFinite(Stopped):
    """A loss, a gradient or a state is not finite.

    Attributes:
      step: The non-finite update, or the step after which a value was not finite.
    """

    exit_code = 3

    def __init__(self, message: str, step: int) -> None:
        super().__init__(message)
        self.step = step


class WriteFailed(Stopped):
    """Output cannot be written, or the lock of the run is lost. Checkpoints are unchanged."""

    exit_code = 4


class HostFailed(Stopped):
    """Another process of this run has stopped responding."""

    exit_code = 5


class RunsFailed(Stopped):
    """Runs of a sweep failed, and the others are finished.

    Attributes:
      failed: Maps the names of the runs to the reasons.
    """

    exit_code = 6

    def __init__(self, message: str, failed: Mapping[str, str]) -> None:
        super().__init__(message)
        self.failed = failed


class DataFailed(Stopped):
    """The data cannot be read any more while a run trains. The state of the last step is saved."""

    exit_code = 7


class Terminated(Stopped):
    """The process received SIGTERM or SIGHUP. The state of the last step is saved."""

    exit_code = 143  # Shells report 128 + SIGTERM.


_STOPPED = (NonFinite, WriteFailed, HostFailed, RunsFailed, DataFailed, Terminated)

EXIT_CODES: Mapping[type[BaseException], int] = MappingProxyType(
    {
        ConfigError: 2,  # Nothing was written. Unknown flags have the same code.
        DataError: 2,
        **{kind: kind.exit_code for kind in _STOPPED},
        KeyboardInterrupt: 130,  # Shells report 128 + SIGINT.
    }
)
"""Exit codes of the command line. Any other error is a bug and ends with a traceback."""


def exit_code(error: BaseException) -> int | None:
    """Returns the exit code of a command that ends with `error`, or None for a bug."""
    return next((code for kind, code in EXIT_CODES.items() if isinstance(error, kind)), None)


def check_name(field: str, value: str, known: Iterable[str]) -> None:
    """Raises `ConfigError` with the nearest names if `value` is not one of `known`."""
    known = sorted(known)
    if value not in known:
        raise ConfigError(name_error(field, value, known))


def name_error(field: str, value: object, known: Iterable[str]) -> str:
    """Returns the message about a name that is not one of `known`, with the nearest names."""
    known = sorted(known)
    text = value[:60] if isinstance(value, str) else ""
    near = difflib.get_close_matches(text, known, n=3, cutoff=0.5)
    advice = f"did you mean {' or '.join(near)}?" if near else f"choose from {', '.join(known)}"
    return f"{field}={short(value)} is not known; {advice}"
