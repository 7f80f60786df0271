"""One-line messages for expected errors of a command."""

import contextlib
from collections.abc import Iterator

from experiments._shared.command import fail
from experiments._shared.files import Busy
from experiments._shared.time_limit import TimeLimitReached
from minmax_jax import gan


@contextlib.contextmanager
def one_line_errors() -> Iterator[None]:
    """Turns invalid input and a file in use into one line, and a time limit into a note."""
    try:
        yield
    except (gan.ConfigError, gan.DataError, Busy) as error:
        fail(f"error: {error}")
    except TimeLimitReached:
        print("Time limit reached. All progress is saved; run the same command again to continue.")
