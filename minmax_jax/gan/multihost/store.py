"""Texts that the processes exchange through the key-value store of JAX."""

import json
from collections.abc import Mapping
from typing import Any

import jax
from jax._src import distributed  # The key-value store has no public name.

ROOT = "minmax_jax"
"""First part of all keys in the key-value store."""

WAIT = 10
"""Seconds of one attempt to read a text. The heartbeat ends the process if another one is lost."""


class Store:
    """Texts that each process stores under names, so that the other processes can read them.

    A process that runs alone needs no key-value store.

    Args:
      index: Index of this process.
      count: Number of processes.
    """

    def __init__(self, index: int = 0, count: int = 1) -> None:
        self.index, self.count = index, count

    def put(self, name: str, text: str) -> None:
        """Stores a text under a name, for all processes to read.

        A process can use each name only once.
        """
        self._client.key_value_set(f"{ROOT}/{name}/{self.index}", text)

    def get(self, name: str, index: int) -> str:
        """Waits until another process has stored a text under a name, and returns the text.

        There is no time limit, because the other process may load data or compile for minutes.
        """
        while True:
            try:
                key = f"{ROOT}/{name}/{index}"
                return self._client.blocking_key_value_get(key, WAIT * 1000)
            except jax.errors.JaxRuntimeError as error:
                if "DEADLINE_EXCEEDED" not in str(error):
                    raise

    def exchange(self, name: str, value: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Waits for the values of all processes and returns them, in the order of the indices."""
        if self.count == 1:
            return [dict(value)]
        self.put(name, json.dumps(value))
        return [json.loads(self.get(name, index)) for index in range(self.count)]

    @property
    def _client(self) -> Any:
        return distributed.global_state.client
