"""Fields of the configuration that are written as `KEY=VALUE` pairs."""

import ast
from collections.abc import Iterable, Mapping

import tyro

from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.base.messages import short

Option = bool | int | float | str | None
"""A value that an option may have on the command line and in JSON."""


def parse_options(words: Iterable[str]) -> dict[str, Option]:
    """Parses `["b1=0.5", "scope=global"]` into `{"b1": 0.5, "scope": "global"}`.

    Args:
      words: Strings of the form `key=value`. Values that are Python literals, such as numbers,
        `True` or `None`, are converted; others stay strings.

    Raises:
      ConfigError: If a string has no `=` or nothing before it.
    """
    options: dict[str, Option] = {}
    for word in words:
        key, equals, text = word.partition("=")
        if not (key and equals):
            raise ConfigError(
                f"options must have the form key=value, such as b1=0.5, got {word!r}."
            )
        try:
            options[key] = ast.literal_eval(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            options[key] = text
    return options


def format_options(options: Mapping[str, Option]) -> list[str]:
    """Returns the options as `parse_options` reads them."""
    return [f"{key}={value}" for key, value in options.items()]


KEY_VALUES = tyro.constructors.PrimitiveConstructorSpec(
    nargs="*",
    metavar="KEY=VALUE ...",
    instance_from_str=parse_options,
    is_instance=lambda value: isinstance(value, Mapping),
    str_from_instance=format_options,
)
"""Tells tyro how to read and show a field of options."""


def check_values(field: str, options: Mapping[str, Option]) -> None:
    """Raises `ConfigError` if a value is not a number, a short text, True, False or None."""
    for name, value in options.items():
        if not isinstance(value, Option) or len(short(value)) >= 60:
            raise ConfigError(
                f"{field}: {short(name)} must be a number, a short text, True, False or None, "
                f"got {short(value)}."
            )
