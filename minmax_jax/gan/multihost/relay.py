"""Passes the bytes of JAX's coordination client to process 0."""

import contextlib
import os
import shutil
import socket
import tempfile
import threading
import time
from typing import Any

RETRY = 0.05
"""Seconds between two attempts to reach JAX's service."""

# Sockets close when they are collected. The client must not see that, so they stay here.
_open: list[socket.socket] = []

_LONGEST_PATH = 100  # Unix sockets allow 104 bytes on macOS and 108 on Linux.


class Relay(contextlib.AbstractContextManager["Relay"]):
    """Connects JAX's client with its service in process 0, and hides the loss of process 0.

    JAX's client aborts its process, with a stack trace of C++, as soon as the connection to the
    service ends. Behind the relay, the connection only falls silent, and the heartbeat ends the
    process with a message.

    Args:
      target: Host and port of the service.

    Attributes:
      address: Address for JAX's client: a socket that only the current user can open.
    """

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self._folder = tempfile.mkdtemp(prefix="minmax-jax-")
        if len(self._folder) > _LONGEST_PATH - len("/relay"):
            os.rmdir(self._folder)
            self._folder = tempfile.mkdtemp(prefix="minmax-jax-", dir="/tmp")
        path = os.path.join(self._folder, "relay")
        self.address = f"unix:{path}"
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(path)
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def __exit__(self, *error: Any) -> None:
        """Accepts no more connections. Open ones continue."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:  # closed
                return
            service = self._connect()
            _open.extend((client, service))
            for ends in ((client, service), (service, client)):
                threading.Thread(target=_copy, args=ends, daemon=True).start()

    def _connect(self) -> socket.socket:
        while True:  # The heartbeat ends the process if process 0 is lost.
            try:
                service = socket.create_connection(self._target)
            except OSError:  # Process 0 has not started the service yet.
                time.sleep(RETRY)
                continue
            # Firewalls forget connections without traffic.
            service.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            if hasattr(socket, "TCP_KEEPIDLE"):
                service.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 30)
            service.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return service


def _copy(source: socket.socket, sink: socket.socket) -> None:
    """Copies bytes until the source ends. Bytes for a sink that has ended are dropped."""
    with contextlib.suppress(OSError):
        while data := source.recv(2**16):
            with contextlib.suppress(OSError):
                sink.sendall(data)
