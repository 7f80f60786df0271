"""Ends a process at once, from any thread, with a one-line message."""

import contextlib
import os
import sys
import threading
from typing import NoReturn

from minmax_jax.gan.base.messages import printable

_ending = threading.Lock()  # Never released: several threads can find the same failure.


def exit_now(code: int, text: str) -> NoReturn:
    """Exits without cleanup, with a one-line message on standard error.

    An orderly exit would wait for the main thread, which can wait for a lost process forever.
    """
    _ending.acquire()
    for stream, line in ((sys.stderr, f"minmax-jax: {printable(text)}\n"), (sys.stdout, "")):
        with contextlib.suppress(Exception):  # A closed stream must not keep the process alive.
            stream.write(line)
            stream.flush()
    os._exit(code)
