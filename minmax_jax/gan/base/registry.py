"""Mapping of built-in entries to which users can add their own."""

from collections.abc import Iterator, Mapping
from typing import TypeVar

from minmax_jax.gan.base.errors import ConfigError, name_error

Entry = TypeVar("Entry")


class UnknownNameError(KeyError):
    """A registry has no entry of this name. The message names similar ones."""

    __str__ = Exception.__str__  # KeyError would show the message in quotes.


class Registry(Mapping[str, Entry]):
    """Mapping from names to entries of one kind, with built-in and user-defined entries.

    Registered entries exist in the current process only. To resume, sample from or compare a
    run that uses them, register them again first.

    Args:
      kind: Noun for the entries in error messages, for example `"loss"`.
      entries: Built-in entries.

    Example:
      >>> registry = Registry("loss", {"hinge": 1})
      >>> registry.register("mine", 2)
      >>> dict(registry)
      {'hinge': 1, 'mine': 2}
    """

    def __init__(self, kind: str, entries: Mapping[str, Entry]) -> None:
        self._kind, self._built_in, self._registered = kind, dict(entries), {}

    def register(self, name: str, entry: Entry) -> None:
        """Adds an entry, or replaces a registered entry of the same name.

        Raises:
          ConfigError: If the name is not an identifier (`-` is allowed), or is the name of a
            built-in entry.
        """
        if not name.replace("-", "_").isidentifier():
            raise ConfigError(
                f"{self._kind} name {name!r} must consist of letters, digits, _ and -, and must "
                "not start with a digit. Choose another name."
            )
        if name in self._built_in:
            raise ConfigError(f"{name!r} is a built-in {self._kind}; choose another name")
        self._registered[name] = entry

    def __getitem__(self, name: str) -> Entry:
        """Returns an entry.

        Raises:
          UnknownNameError: If there is no entry of this name. It is a `KeyError`.
        """
        for entries in (self._registered, self._built_in):
            if name in entries:
                return entries[name]
        raise UnknownNameError(name_error(self._kind, name, self))

    def __iter__(self) -> Iterator[str]:
        return iter((*self._built_in, *self._registered))

    def __len__(self) -> int:
        return len(self._built_in) + len(self._registered)
