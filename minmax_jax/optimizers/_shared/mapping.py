"""The mapping from names to optimizers."""

import difflib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from minmax_jax._util import checks


class UnknownNameError(KeyError):
    """No optimizer has the name that was looked up. The message names similar ones."""

    __str__ = Exception.__str__  # KeyError would show the message in quotes.


class Optimizers(Mapping[str, Callable[..., Any]]):
    """Read-only mapping from the name of each optimizer to its function.

    Args:
      functions: Optimizers by name.
    """

    def __init__(self, functions: Mapping[str, Callable[..., Any]]) -> None:
        self._functions = dict(functions)

    def __getitem__(self, name: str) -> Callable[..., Any]:
        """Returns an optimizer.

        Raises:
          UnknownNameError: If no optimizer has this name. It is a `KeyError`.
        """
        if isinstance(name, str) and name in self._functions:
            return self._functions[name]
        text = name[:100] if isinstance(name, str) else ""
        near = difflib.get_close_matches(text, self._functions, n=3, cutoff=0.5)
        advice = f"Did you mean {' or '.join(map(repr, near))}?"
        if not near:
            advice = f"Choose from {', '.join(self._functions)}."
        raise UnknownNameError(
            f"optimizers: name must be the name of an optimizer, got {checks.shown(name)}. {advice}"
        )

    def __iter__(self) -> Iterator[str]:
        return iter(self._functions)

    def __len__(self) -> int:
        return len(self._functions)

    def __repr__(self) -> str:
        return f"Optimizers({', '.join(self._functions)})"
