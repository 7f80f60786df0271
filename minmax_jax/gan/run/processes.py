"""Identifies processes across machines and finds out whether one has ended."""

import os
import socket
import uuid
from pathlib import Path
from typing import NamedTuple

_PROC = Path("/proc")


class Process(NamedTuple):
    """A process, distinguished from all others in the past and on other machines.

    Attributes:
      host: Host name, for messages.
      machine: Identifier of the running kernel and of its process numbers. Containers can share a
        host name or a kernel, but not the process numbers.
      pid: Process number.
      started: Start time of the process. The number of an ended process can be given to another
        one, which starts later. Empty if the system does not tell it.
    """

    host: str
    machine: str
    pid: int
    started: str


def current() -> Process:
    """Returns this process."""
    pid = os.getpid()
    return Process(socket.gethostname()[:100], _machine(), pid, _state_and_start(pid)[1])


def has_ended(process: Process) -> bool:
    """Returns whether a process of this machine has ended; False for other machines."""
    if process.machine != _machine():
        return False
    try:
        os.kill(process.pid, 0)
    except ProcessLookupError:
        return True
    except OSError:  # It exists, but belongs to another user.
        pass
    state, started = _state_and_start(process.pid)
    if state in ("Z", "X"):  # A killed process, which its parent has not noticed yet.
        return True
    return bool(started and process.started) and started != process.started


def _machine() -> str:
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {os.readlink(_PROC / 'self/ns/pid')}"
    except OSError:  # There is no /proc, for example on macOS.
        return f"{socket.gethostname()[:100]} {uuid.getnode():x}"


def _state_and_start(pid: int) -> tuple[str, str]:
    """Returns the state and the start time of a process; empty strings if they are unknown."""
    try:
        text = (_PROC / str(pid) / "stat").read_text(errors="replace")
    except OSError:
        return "", ""
    fields = text.rpartition(")")[2].split()  # The name in parentheses can contain anything.
    return (fields[0], fields[19]) if len(fields) > 19 else ("", "")
