"""Standard streams that may be closed, full, or unable to encode a character."""

import contextlib
import errno
import io
import os
import sys
from collections.abc import Iterator
from typing import Any, TextIO

from minmax_jax.gan.base import plain_text
from minmax_jax.gan.base.errors import WriteFailed


@contextlib.contextmanager
def robust_streams() -> Iterator[None]:
    """Makes standard output and standard error safe to write inside the `with` block.

    A run must not end because nobody reads its messages: standard error discards what cannot be
    written. Standard output does so when its reader has ended, as in `presets | head -1`.
    Characters that the encoding lacks are replaced, in file names of any alphabet too.

    Raises:
      WriteFailed: If standard output cannot be written, for example to a full disk.
    """
    _fill_closed_descriptors()
    old = sys.stdout, sys.stderr
    sys.stdout = out = RobustStream(old[0], "standard output")
    sys.stderr = RobustStream(old[1])
    try:
        yield
        out.flush()
    finally:
        with contextlib.suppress(WriteFailed):  # The first error counts.
            out.flush()
        sys.stdout, sys.stderr = old


class RobustStream(io.TextIOBase):
    """Text stream that discards what cannot be written.

    Args:
      stream: Stream to write to, or None for one that was closed before the start.
      name: Name of the stream in errors. Default: all errors are ignored, instead of only those
        of a reader that has ended.
    """

    def __init__(self, stream: TextIO | None, name: str = "") -> None:
        self._stream, self._name = stream, name
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=plain_text.HANDLER)

    def write(self, text: str) -> int:
        """Writes text, unless an earlier error has closed the stream."""
        self._try(lambda stream: stream.write(text))
        return len(text)

    def flush(self) -> None:
        """Writes what is buffered."""
        self._try(lambda stream: stream.flush())

    def isatty(self) -> bool:
        """Returns whether the stream is a terminal."""
        return self._stream is not None and self._stream.isatty()

    def writable(self) -> bool:
        """Returns True."""
        return True

    @property
    def encoding(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Encoding of the stream."""
        return getattr(self._stream, "encoding", None) or "utf-8"

    def fileno(self) -> int:
        """Returns the file descriptor."""
        if self._stream is None:
            raise io.UnsupportedOperation("fileno")
        return self._stream.fileno()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def _try(self, action: Any) -> None:
        if self._stream is None:
            return
        try:
            action(self._stream)
        except ValueError:  # The stream has been closed.
            self._stream = None
        except OSError as error:
            self._discard_buffer()
            if self._name and error.errno not in (errno.EPIPE, errno.ECONNRESET):
                raise WriteFailed(
                    f"{self._name} cannot be written ({error.strerror}). Redirect it to another "
                    "place; files that the command has written are complete."
                ) from error

    def _discard_buffer(self) -> None:
        """Connects the descriptor to nothing, so that Python can flush its buffer at the exit."""
        stream, self._stream = self._stream, None
        with contextlib.suppress(OSError, ValueError):
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, stream.fileno())  # pyright: ignore[reportOptionalMemberAccess]
            os.close(null)


def _fill_closed_descriptors() -> None:
    """Opens /dev/null in place of closed standard streams.

    Otherwise the next file would get the number 1 or 2, and receive messages of C++ libraries.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            descriptor = os.open(os.devnull, os.O_RDWR)
            if descriptor != number:
                os.dup2(descriptor, number)
                os.close(descriptor)
