"""Process 0 listens at the given address only, and says why if it cannot."""

import socket

import pytest

from minmax_jax.gan import ConfigError
from minmax_jax.gan.multihost import listening
from minmax_jax.gan.multihost.launch import Address


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_listener_is_bound_to_the_given_address_only(host):
    port = free_port()
    with listening.listen(Address(host, port)) as listener:
        assert listener.getsockname() == ("127.0.0.1", port)
        with pytest.raises(OSError), socket.create_connection(("127.0.0.2", port), timeout=1):
            pass


def test_port_in_use_is_one_line():
    with socket.create_server(("127.0.0.1", 0)) as other:
        with pytest.raises(ConfigError, match="in use on this machine") as error:
            listening.listen(Address(*other.getsockname()))
    assert "\n" not in str(error.value)


def test_port_shared_by_another_program_is_in_use():
    """JAX's own server could share the port of another program."""
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(ConfigError, match="in use"):
            listening.listen(Address(*other.getsockname()))


@pytest.mark.parametrize(
    ("host", "message"),
    [
        ("192.0.2.1", "192.0.2.1 is not an address of this machine"),
        ("no such host", "cannot be found"),
        ("x" * 300, "cannot be found"),
        ("a..b", "cannot be found"),
    ],
)
def test_foreign_or_unknown_host_is_one_line(host, message):
    with pytest.raises(ConfigError, match=message) as error:
        listening.listen(Address(host, 29500))
    assert "\n" not in str(error.value)


def test_variable_of_jax_has_precedence(monkeypatch):
    port = free_port()
    monkeypatch.setenv(listening.BIND_VARIABLE, f"127.0.0.1:{port}")
    with listening.listen(Address("192.0.2.1", 1)) as listener:
        assert listener.getsockname() == ("127.0.0.1", port)
    monkeypatch.setenv(listening.BIND_VARIABLE, "everywhere")
    with pytest.raises(ConfigError, match="JAX_COORDINATOR_BIND_ADDRESS must be HOST:PORT"):
        listening.listen(Address("127.0.0.1", port))
