"""Implementations that run in a process of their own and time their own turns.

A failed call of a library can make its process unusable: after an illegal memory access on a GPU,
every later call of that process fails. In a process of its own, it ends no other implementation.
Programs of several processes are also compiled side by side.
"""

import contextlib
import multiprocessing
import os
import threading
from collections.abc import Callable
from multiprocessing import connection
from typing import Any

from benchmarks import clock

SECONDS_TO_END = 10.0
"""Time that a process gets to end by itself."""


class Wrong(Exception):
    """Raised by an implementation that computes something else than it should."""


class Worker:
    """A process that makes an object and calls its methods.

    The process starts at once. It is an implementation of `clock.interleave` if its object has
    the method `turn(calls, untimed)`.

    Args:
      make: Function that returns the object, importable by its name.
      args: Its arguments. They are pickled.
      options: Further arguments by name.
    """

    def __init__(self, make: Callable[..., Any], *args: Any, **options: Any) -> None:
        context = multiprocessing.get_context("spawn")  # JAX and CUDA do not work after a fork.
        self.pipe, other = context.Pipe()
        words = (other, make, args, options)
        self.process = context.Process(target=_serve, args=words, daemon=True)
        self.process.start()
        other.close()

    def begin(self, method: str, *args: Any) -> None:
        """Starts a call of a method. `end` returns its result, or raises an error."""
        # If the process has ended, its last message may still be in the pipe, for `end`.
        with contextlib.suppress(OSError):
            self.pipe.send((method, args))

    def end(self) -> Any:
        """Returns the result of the call that `begin` has started.

        Raises:
          clock.LeftOut: If the object could not be made, the call failed or the process ended.
          AssertionError: If the object has raised `Wrong`.
        """
        try:
            kind, value = self.pipe.recv()
        except (EOFError, OSError):
            raise self._has_ended() from None
        if kind == "wrong":
            raise AssertionError(value)
        if kind == "failed":
            raise clock.LeftOut(value)
        return value

    def call(self, method: str, *args: Any) -> Any:
        """Returns the result of a method. It raises what `begin` and `end` raise."""
        self.begin(method, *args)
        return self.end()

    def turn(self, calls: int, untimed: int) -> float:
        """Returns the seconds per call of one turn. See `clock.turn`."""
        return self.call("turn", calls, untimed)

    def close(self) -> None:
        """Ends the process."""
        self.pipe.close()
        self.process.join(SECONDS_TO_END)
        self.process.kill()
        self.process.join()

    def _has_ended(self) -> clock.LeftOut:
        self.process.join(SECONDS_TO_END)
        return clock.LeftOut(f"its process has ended with exit code {self.process.exitcode}")


def _serve(
    pipe: connection.Connection, make: Callable[..., Any], args: Any, options: dict[str, Any]
) -> None:
    """Makes the object and calls its methods until the other end closes or a call fails."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with contextlib.suppress(BrokenPipeError):  # Nobody waits for the result any more.
        _answer(pipe, make, args, options)


def _end_with_parent() -> None:
    """Ends this process, also within a call, as soon as its parent has ended."""
    connection.wait([multiprocessing.parent_process().sentinel])  # pyright: ignore
    os._exit(1)


def _answer(
    pipe: connection.Connection, make: Callable[..., Any], args: Any, options: dict[str, Any]
) -> None:
    try:
        made = make(*args, **options)
        while True:
            method, words = pipe.recv()
            pipe.send(("value", getattr(made, method)(*words)))
    except EOFError:
        return
    except Wrong as error:
        pipe.send(("wrong", str(error)))
    except Exception as error:  # For example no C++ compiler, or an unsupported operation.
        lines = str(error).splitlines() or [""]
        pipe.send(("failed", f"{type(error).__name__}: {lines[0]}"))
