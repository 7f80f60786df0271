"""Tells which workers of a cluster join and are lost during a sweep."""

import time
from collections.abc import Mapping
from typing import Any

import distributed

from minmax_jax.gan.sweeps.cluster import live_table

_LOOK_SECONDS = 3.0


class Roster:
    """Workers of a cluster.

    Args:
      client: Client of the cluster.
      names: Names of the present workers by address.
      table: Table of the runs, which receives the messages.
    """

    def __init__(
        self, client: distributed.Client, names: Mapping[str, str], table: live_table.LiveTable
    ) -> None:
        self._client, self._names, self._table = client, dict(names), table
        self._looked_at, self._told = time.monotonic(), False

    def add(self, address: str, name: str) -> None:
        """Adds a worker that has joined."""
        if address not in self._names:
            self._names[address] = name
            self._table.note(f"{name} has joined")

    def look(self) -> None:
        """Finds the workers that were lost, at most every few seconds."""
        if time.monotonic() - self._looked_at < _LOOK_SECONDS:
            return
        self._looked_at = time.monotonic()
        try:
            present: Any = self._client.nthreads()
        except (OSError, TimeoutError, RuntimeError):  # Its futures tell that it is lost.
            return
        for address in [address for address in self._names if address not in present]:
            name = self._names.pop(address)
            self._table.lose(name)
            self._table.note(
                f"{name} was lost; its runs continue from their last checkpoints in other workers"
            )
        if not present and not self._told:
            self._told = True
            self._table.note("no worker is left; waiting for another one")
        elif present:
            self._told = False
