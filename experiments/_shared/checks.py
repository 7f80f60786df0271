"""Checks of command-line values, with one-line error messages."""

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from minmax_jax import gan


def check_name(field: str, value: str, known: Iterable[str]) -> None:
    """Checks that a name is known.

    Raises:
      ConfigError: If `value` is not in `known`. The message suggests similar names.
    """
    names = sorted(known)
    if value not in names:
        similar = difflib.get_close_matches(value, names, n=3, cutoff=0.5)
        advice = f"did you mean {' or '.join(similar)}?" if similar else f"choose from {names}"
        raise gan.ConfigError(f"{field}={value!r} is not known; {advice}")


def format_changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """Formats the values of `new` that `old` lacks or has otherwise, or returns an empty text."""
    return "; ".join(
        f"{name}: {old.get(name)!r} -> {value!r}"
        for name, value in new.items()
        if old.get(name) != value
    )


def check_ranges(config: Any, largest: dict[str, float]) -> None:
    """Checks that fields are greater than 0 and at most a given number.

    Args:
      config: Object with the fields.
      largest: Largest allowed value by field name.

    Raises:
      ConfigError: If a field is out of range.
    """
    for name, most in largest.items():
        value = getattr(config, name)
        if not 0 < (value or 0) <= most:
            raise gan.ConfigError(
                f"{name}={value or 0:g} is out of range; give more than 0, at most {most:g}"
            )
