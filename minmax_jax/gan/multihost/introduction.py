"""Connects to process 0, which answers when all processes have connected."""

import contextlib
import dataclasses
import socket
import time
from collections.abc import Mapping
from typing import Any

from minmax_jax.gan.base.errors import EXIT_CODES, ConfigError, HostFailed, Stopped
from minmax_jax.gan.multihost.launch import Address
from minmax_jax.gan.multihost.member import GREETING, Member
from minmax_jax.gan.multihost.wire import Wire, WireError

RETRY = 0.1
"""Seconds between two attempts to connect."""


def connect(address: Address, own: Member, timeout: float) -> Wire:
    """Connects to process 0, and waits until all processes have connected to it.

    Args:
      address: Address of process 0.
      own: This process.
      timeout: Seconds to try to connect.

    Raises:
      ConfigError: If process 0 refuses this process, or something else listens at the address.
      HostFailed: If process 0 does not answer, or another process does not connect in time.
    """
    deadline = time.monotonic() + timeout
    reason = ""
    while (left := deadline - time.monotonic()) > 0:
        try:
            # Process 0 may have started later, and waits for the others as long.
            if wire := _introduce(own, address, left, timeout + 5):
                return wire
            reason = "connection closed"
        except (OSError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        time.sleep(RETRY)
    raise HostFailed(
        f"process 0 did not answer at {address} within {timeout:g} s ({reason}). Start all "
        "processes at about the same time with the same --coordinator, or raise --host-timeout."
    )


def _introduce(own: Member, address: Address, timeout: float, patience: float) -> Wire | None:
    """Connects to process 0 and waits until it answers.

    Args:
      own: This process.
      address: Address of process 0.
      timeout: Seconds to wait for the connection.
      patience: Seconds to wait for the answer.

    Returns:
      The connection, or None if process 0 has closed it without an answer.
    """
    message = {"greeting": GREETING, **dataclasses.asdict(own), "settings": dict(own.settings)}
    with contextlib.ExitStack() as stack:
        wire = Wire(socket.create_connection(address, timeout))
        stack.callback(wire.close)
        try:
            wire.send(message)
            answer = wire.receive(patience)
        except WireError as error:
            raise ConfigError(
                f"coordinator: {address} answers with {error}, so another program, or a run that "
                "has started already, uses it. Choose another port."
            ) from error
        if answer is None:
            return None
        _check_answer(answer)
        stack.pop_all()
        return wire


def _check_answer(answer: Mapping[str, Any]) -> None:
    text = answer.get("refused")
    if text is None:
        return
    is_lost = answer.get("code") == EXIT_CODES[HostFailed]
    error: type[Stopped] | type[ConfigError] = HostFailed if is_lost else ConfigError
    raise error(str(text))
