"""Connects process 0 with the other processes of a run before JAX connects them.

JAX aborts a process if the other processes do not start, and does not notice if two processes
have the same index or different settings. Therefore every process first opens a TCP connection to
process 0 and sends its index and settings. Process 0 answers when all processes have done so. The
connections stay open for the heartbeat.
"""

import contextlib
import selectors
import socket
import time
from collections.abc import Generator, Mapping
from typing import Any

from minmax_jax.gan.base.errors import EXIT_CODES, ConfigError, HostFailed
from minmax_jax.gan.base.messages import short
from minmax_jax.gan.multihost import agreement
from minmax_jax.gan.multihost.launch import Address
from minmax_jax.gan.multihost.member import Member
from minmax_jax.gan.multihost.wire import Wire, WireError

LINGER = 5.0
"""Seconds after an error in which process 0 waits for the other processes, to tell them too."""


def wait_for_members(listener: socket.socket, own: Member, timeout: float) -> dict[int, Wire]:
    """Waits in process 0 until all other processes have connected with the same settings.

    Args:
      listener: Listening socket.
      own: Process 0.
      timeout: Seconds to wait.

    Returns:
      Connections by index of the process.

    Raises:
      ConfigError: If processes have the same index or different settings.
      HostFailed: If a process does not connect in time.
    """
    members: dict[int, tuple[Member, Wire]] = {}
    deadline = Deadline(timeout)
    with contextlib.closing(_arrivals(listener, members, deadline)) as arrivals:
        try:
            while len(members) < own.count - 1:
                _admit(next(arrivals), own, members)
            everyone = [own, *(members[index][0] for index in sorted(members))]
            if text := agreement.differences([member.settings for member in everyone]):
                raise ConfigError(
                    f"all processes must have the same settings, got {text}. Start the same "
                    "command with the same installation on every host."
                )
        except StopIteration:
            text = _text_of_missing(listener, own, members, timeout)
            _refuse(members, EXIT_CODES[HostFailed], text)
            raise HostFailed(text) from None
        except ConfigError as error:
            deadline.shorten(LINGER)
            while len(members) < own.count - 1 and (arrival := next(arrivals, None)):
                members[max(members, default=0) + own.count] = arrival
            _refuse(members, EXIT_CODES[ConfigError], str(error))
            raise
    for _, wire in members.values():
        with contextlib.suppress(OSError):  # The heartbeat notices a process that has just ended.
            wire.send({"welcome": True})
    return {index: wire for index, (_, wire) in members.items()}


class Deadline:
    """A moment that can be moved to an earlier one.

    Args:
      seconds: Seconds from now.
    """

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def shorten(self, seconds: float) -> None:
        """Moves the moment to `seconds` from now, unless it is earlier already."""
        self._end = min(self._end, time.monotonic() + seconds)

    def left(self) -> float:
        """Returns the seconds until the moment."""
        return self._end - time.monotonic()


def _arrivals(
    listener: socket.socket, members: dict[int, tuple[Member, Wire]], deadline: Deadline
) -> Generator[tuple[Member, Wire], None, None]:
    """Yields each process that introduces itself; ends at the deadline.

    A process that ends while it waits is removed from `members`, and may connect again.
    Connections from programs that are not processes of the run are closed.
    """
    with selectors.DefaultSelector() as selector, contextlib.ExitStack() as stack:
        stack.callback(_close_others, selector, listener, members)
        selector.register(listener, selectors.EVENT_READ)
        listener.setblocking(False)
        while (left := deadline.left()) > 0:
            for key, _ in selector.select(left):
                if key.fileobj is listener:
                    with contextlib.suppress(OSError):
                        wire = Wire(listener.accept()[0])
                        selector.register(wire, selectors.EVENT_READ)
                    continue
                wire: Any = key.fileobj
                try:
                    message = wire.receive(0)
                except TimeoutError:
                    continue  # The rest of the message has not arrived yet.
                except (OSError, WireError):
                    message = None
                member = Member.from_message(message) if message else None
                waiting = [index for index, (_, known) in members.items() if known is wire]
                if member and not waiting:
                    yield member, wire
                    continue
                selector.unregister(wire)
                wire.close()
                for index in waiting:
                    del members[index]


def _close_others(selector: Any, listener: socket.socket, members: Mapping[int, Any]) -> None:
    kept = [listener, *(wire for _, wire in members.values())]
    for key in list(selector.get_map().values()):
        if key.fileobj not in kept:
            key.fileobj.close()


def _admit(arrival: tuple[Member, Wire], own: Member, members: dict[int, Any]) -> None:
    """Adds a process to `members`.

    Raises:
      ConfigError: If the index of the process is used twice or too large, or its number of
        processes is not `own.count`.
    """
    member, _ = arrival
    taken = own if member.index == 0 else members.get(member.index, (None,))[0]
    extra = max(members, default=0) + own.count
    members[extra if taken else member.index] = arrival  # It gets an answer.
    if taken:
        raise ConfigError(
            f"process_id={member.index} is used twice, by {taken.where} and {member.where}. Pass a "
            "different process_id to each process."
        )
    if member.count != own.count:
        raise ConfigError(
            f"num_processes must be the same in all processes, got {own.count} in process 0 and "
            f"{short(member.count)} in process {member.index}. Start all processes with the same "
            "num_processes."
        )
    if member.index >= own.count:
        raise ConfigError(
            f"process_id must be below num_processes={own.count}, got {short(member.index)} from "
            f"{member.where}. Pass a different process_id to each process."
        )


def _refuse(members: Mapping[int, tuple[Member, Wire]], code: int, text: str) -> None:
    for _, wire in members.values():
        with contextlib.suppress(OSError):
            wire.send({"code": code, "refused": text})
        wire.close()


def _text_of_missing(
    listener: socket.socket, own: Member, members: Mapping[int, Any], timeout: float
) -> str:
    missing = [index for index in range(1, own.count) if index not in members]
    verb = "has" if len(missing) == 1 else "have"
    address = Address(*listener.getsockname()[:2])
    return (
        f"{agreement.named(missing)} {verb} not connected to {address} within {timeout:g} s. Start "
        "all processes at about the same time, with an address that every host can reach, or "
        "raise --host-timeout."
    )
