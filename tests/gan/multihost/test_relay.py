"""The relay passes bytes on, and hides the loss of process 0 from JAX's client."""

import gc
import os
import socket
import stat
import tempfile

import pytest

from minmax_jax.gan.multihost import relay as relay_lib
from minmax_jax.gan.multihost.relay import Relay
from tests import garbage


@pytest.fixture
def ends():
    """A client behind a relay and the other end of its connection."""
    with garbage.collected():
        with socket.create_server(("127.0.0.1", 0)) as server:
            with Relay(server.getsockname()) as relay:
                client = socket.socket(socket.AF_UNIX)
                client.connect(relay.address.removeprefix("unix:"))
                service, _ = server.accept()
        client.settimeout(0.3)
        del relay  # The connection must not depend on it.
        gc.collect()
        yield client, service
        for connection in (client, service, *relay_lib._open):
            connection.close()
        relay_lib._open.clear()


def test_bytes_pass_in_both_directions_after_closing(ends):
    client, service = ends
    client.sendall(b"question")
    assert service.recv(100) == b"question"
    service.sendall(b"x" * 1_000_000)
    received = b""
    while len(received) < 1_000_000:
        received += client.recv(2**16)
    assert received == b"x" * 1_000_000


def test_client_does_not_see_the_loss_of_the_service(ends):
    client, service = ends
    service.close()
    with pytest.raises(TimeoutError):
        client.recv(100)
    for _ in range(3):
        client.sendall(b"still there")
        gc.collect()
        with pytest.raises(TimeoutError):
            client.recv(100)


def test_only_the_user_can_open_the_relay():
    with Relay(("127.0.0.1", 1)) as relay:
        path = relay.address.removeprefix("unix:")
        assert stat.S_IMODE(os.stat(os.path.dirname(path)).st_mode) == 0o700
    assert not os.path.exists(os.path.dirname(path))


def test_long_temporary_folder_is_not_used(tmp_path, monkeypatch):
    long = tmp_path / ("x" * 100)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    with Relay(("127.0.0.1", 1)) as relay:
        assert relay.address.startswith("unix:/tmp/")
    assert not list(long.iterdir())
