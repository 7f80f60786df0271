"""Functions that receive messages for the user."""

import sys
from collections.abc import Callable

Note = Callable[[str], None]
"""Function that is called with one line of text."""


def print_note(message: str) -> None:
    """Prints a message to standard error."""
    print(message, file=sys.stderr, flush=True)


def ignore_note(message: str) -> None:
    """Discards a message."""
