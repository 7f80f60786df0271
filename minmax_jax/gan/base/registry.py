"""Named things that a configuration chooses from: those that come along, and a user's own."""

from collections.abc import Iterator, Mapping
from typing import TypeVar

from minmax_jax.gan.base.errors import ConfigError

Entry = TypeVar("Entry")


class Table(Mapping[str, Entry]):
    """A mapping from names to things of one kind, to which a user may add.

    What is registered is known to this process alone: a run made with it is resumed, sampled
    or compared after the same registration.

    Args:
      kind: what they are, for messages.
      entries: those that come along.

    Example:
      >>> table = Table("loss", {"hinge": 1})
      >>> table.register("mine", 2)
      >>> dict(table)
      {'hinge': 1, 'mine': 2}
    """

    def __init__(self, kind: str, entries: Mapping[str, Entry]) -> None:
        self._kind, self._given, self._own = kind, dict(entries), {}

    def register(self, name: str, entry: Entry) -> None:
        """Adds `entry` under a name, in place of an earlier one of the user's own.

        Raises:
          ConfigError: the name is no identifier (`-` allowed), or one that comes along.
        """
        if not name.replace("-", "_").isidentifier():
            raise ConfigError(f"{self._kind} name {name!r}: use letters, digits, _ and - only")
        if name in self._given:
            raise ConfigError(f"{self._kind} {name!r} comes along already; choose another name")
        self._own[name] = entry

    def __getitem__(self, name: str) -> Entry:
        return self._own[name] if name in self._own else self._given[name]

    def __iter__(self) -> Iterator[str]:
        return iter((*self._given, *self._own))

    def __len__(self) -> int:
        return len(self._given) + len(self._own)
