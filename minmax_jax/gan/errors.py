"""Errors that are the user's to mend: the command line prints them as one line."""

import difflib
from collections.abc import Iterable


class ConfigError(ValueError):
    """A wrong value in a configuration; the message is one line that says what to do."""


class DataError(ValueError):
    """Data that cannot be used; the message is one line that says what to do."""


def check_name(field: str, value: str, known: Iterable[str]) -> None:
    """Raises `ConfigError` with the nearest names if `value` is not one of `known`."""
    known = sorted(known)
    if value in known:
        return
    near = difflib.get_close_matches(value, known, n=3, cutoff=0.5)
    advice = f"did you mean {' or '.join(near)}?" if near else f"choose from {', '.join(known)}"
    raise ConfigError(f"{field}={value!r} is not known; {advice}")
