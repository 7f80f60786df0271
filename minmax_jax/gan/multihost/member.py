"""Introduces a process of a run to process 0."""

import dataclasses
import os
import socket
from collections.abc import Mapping
from typing import Any

GREETING = "minmax-jax process"
"""First field of the first message. Process 0 ignores connections that do not send it."""


@dataclasses.dataclass(frozen=True)
class Member:
    """A process of the run, as it introduces itself.

    Attributes:
      index: Index of the process.
      count: Number of processes that it was started with.
      settings: Settings that must be the same in all processes.
      where: Host and process id, for messages.
    """

    index: int
    count: int
    settings: Mapping[str, str]
    where: str = dataclasses.field(
        default_factory=lambda: f"{socket.gethostname()} (process id {os.getpid()})"
    )

    @classmethod
    def from_message(cls, message: Mapping[str, Any]) -> "Member | None":
        """Returns the process that sent a message, or None if it is not a valid introduction."""
        index, count, settings = (message.get(key) for key in ("index", "count", "settings"))
        where = message.get("where")
        if message.get("greeting") != GREETING or not isinstance(where, str):
            return None
        if type(index) is not int or type(count) is not int or index < 0:
            return None
        if not isinstance(settings, dict):
            return None
        return cls(index, count, {k: str(v) for k, v in settings.items()}, where)
