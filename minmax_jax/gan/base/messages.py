"""Functions that receive messages for the user, and text that is safe to print."""

import sys
import unicodedata
from collections.abc import Callable
from typing import Any

Note = Callable[[str], None]
"""Function that is called with one line of text."""


def print_note(message: str) -> None:
    """Prints a message to standard error, with control characters escaped."""
    print(printable(message), file=sys.stderr, flush=True)


def ignore_note(message: str) -> None:
    """Discards a message."""


def print_lines(text: str) -> None:
    """Prints text to standard output; only its line breaks act on the terminal."""
    print(printable_lines(text))


def printable_lines(text: str) -> str:
    """Returns the text with each line escaped by `printable`. Line breaks are kept."""
    return "\n".join(map(printable, text.split("\n")))


def printable(text: str) -> str:
    r"""Returns text on one line, with every character escaped that could act on a terminal.

    Names, labels and configurations can come from other people. The function escapes control
    characters, line breaks, characters that change the direction of text, and parts of undecodable
    file names. Letters of all languages are kept.

    Example:
      >>> print(printable("数字\x1b[2J\n\u202e"))
      数字\x1b[2J\n\u202e
    """
    return "".join(c if _is_harmless(c) else c.encode("unicode_escape").decode() for c in text)


def short(value: Any, width: int = 60) -> str:
    """Returns the printable representation of a value, cut off after `width` characters.

    Example:
      >>> short("a" * 100, width=10)
      "'aaaaaa..."
    """
    try:
        text = printable(repr(value))
    except (ValueError, RecursionError):  # An integer of 5,000 digits, or deep nesting.
        text = f"a huge {type(value).__name__}"
    return text if len(text) <= width else f"{text[: width - 3]}..."


def _is_harmless(character: str) -> bool:
    return character.isprintable() or unicodedata.category(character) == "Zs"
