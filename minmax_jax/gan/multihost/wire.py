"""JSON messages, one per line, between two processes over a TCP connection."""

import json
import select
import socket
import threading
import time
from typing import Any

MAX_LINE = 2**20
"""Largest length of a message in bytes."""


class WireError(Exception):
    """The other side sent something other than a message."""


class Wire:
    """Sends and receives messages. One thread may send while another receives.

    Args:
      connection: Connected socket.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection, self._received = connection, bytearray()
        self._sending = threading.Lock()
        connection.settimeout(None)
        # Messages are small, so without this each would wait for the acknowledgment of the last.
        if connection.family != socket.AF_UNIX:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @property
    def peer(self) -> Any:
        """Address of the other side."""
        return self._connection.getpeername()

    def fileno(self) -> int:
        """Returns the file descriptor of the socket, for `select`."""
        return self._connection.fileno()

    def send(self, message: dict[str, Any]) -> None:
        """Sends a message.

        Raises:
          OSError: If the connection has ended.
        """
        with self._sending:
            self._connection.sendall(json.dumps(message).encode() + b"\n")

    def receive(self, timeout: float) -> dict[str, Any] | None:
        """Returns the next message, or None if the other side has closed the connection.

        Args:
          timeout: Seconds to wait for the end of the message.

        Raises:
          TimeoutError: If there is no complete message after `timeout` seconds.
          OSError: If this side closes the connection while it waits.
          WireError: If the line is too long, incomplete or not a JSON object.
        """
        end = time.monotonic() + timeout
        while b"\n" not in self._received:
            if len(self._received) > MAX_LINE:
                raise WireError(f"a line of more than {MAX_LINE} bytes")
            if not self._read(end - time.monotonic()):
                if self._received:
                    raise WireError("an incomplete line")
                return None
        line, _, rest = self._received.partition(b"\n")
        self._received = rest
        try:
            message = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise WireError("a line that is not JSON") from error
        if not isinstance(message, dict):
            raise WireError("a line that is not a JSON object")
        return message

    def close(self) -> None:
        """Closes the connection."""
        self._connection.close()

    def _read(self, timeout: float) -> bool:
        """Reads available bytes; returns False at the end of the connection."""
        # `select` instead of a socket timeout, which would also act on the sending thread.
        poll = select.poll()
        poll.register(self._connection, select.POLLIN)
        if not poll.poll(max(0.0, timeout) * 1000):
            raise TimeoutError(f"no message within {timeout:g} s")
        try:
            data = self._connection.recv(2**16)
        except ConnectionError:
            return False
        self._received += data
        return bool(data)
