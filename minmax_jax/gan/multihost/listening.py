"""Opens the port at which process 0 waits for the other processes."""

import errno
import os
import socket

from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.multihost.launch import Address, parse_address

BIND_VARIABLE = "JAX_COORDINATOR_BIND_ADDRESS"
"""JAX's environment variable for the address at which process 0 listens."""

_NOT_HERE = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


def listen(coordinator: Address) -> socket.socket:
    """Returns a socket that listens at the given address, and at no other.

    JAX's own default is to listen at all addresses of the machine.

    Args:
      coordinator: Address that the processes were started with. `JAX_COORDINATOR_BIND_ADDRESS`
        has precedence, for machines whose address is translated on the way.

    Raises:
      ConfigError: If the port is in use, or the address does not belong to this machine.
    """
    given = os.environ.get(BIND_VARIABLE)
    address = parse_address(given, BIND_VARIABLE) if given else coordinator
    try:
        found = socket.getaddrinfo(*address, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ConfigError(
            f"coordinator: the host of {address} cannot be found ({_reason(error)}). Pass the name "
            "or IP address of process 0's machine."
        ) from error
    # IPv4 first: many machines have an IPv6 address that others cannot reach.
    found.sort(key=lambda entry: entry[0] != socket.AF_INET)
    failure: OSError | None = None
    for family, _, _, _, place in found:
        try:
            return _open(family, place)
        except OSError as error:
            failure = failure or error
            if error.errno not in _NOT_HERE:
                break
    raise ConfigError(_text(address, failure)) from failure


def _open(family: int, place: tuple) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        # A port whose last connections have just ended is free. Unlike JAX's server, this socket
        # does not set SO_REUSEPORT, with which two programs could listen at the same port.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(place)
        listener.listen(socket.SOMAXCONN)
    except BaseException:
        listener.close()
        raise
    return listener


def _text(address: Address, error: OSError | None) -> str:
    number = error.errno if error else None
    if number == errno.EADDRINUSE:
        return (
            f"coordinator: port {address.port} is in use on this machine. Choose another port, or, "
            "if process 0 of this run is running already, pass another --process-id."
        )
    if number in _NOT_HERE:
        return (
            f"coordinator: {address.host} is not an address of this machine. Start process 0 on "
            f"the machine that has it; if the address is translated, set {BIND_VARIABLE} to the "
            "address of process 0's machine."
        )
    return (
        f"coordinator: process 0 cannot listen at {address} ({_reason(error)}). Choose a port "
        "above 1023."
    )


def _reason(error: Exception | None) -> str:
    return getattr(error, "strerror", None) or str(error)
