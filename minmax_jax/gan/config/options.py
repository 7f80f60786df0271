"""Options of an optimizer: which it takes, and how `key=value` on the command line is read."""

import ast
import inspect
from collections.abc import Iterable, Mapping

import tyro

import minmax_jax as mm
from minmax_jax.gan.base.errors import ConfigError

Option = bool | int | float | str | None
"""A value that an optimizer's option may take on the command line and in JSON."""


def parse_options(words: Iterable[str]) -> dict[str, Option]:
    """Reads `["b1=0.5", "scope=global"]` into `{"b1": 0.5, "scope": "global"}`.

    Args:
      words: texts of the form `key=value`. A value that reads as a Python number,
        `True`, `False` or `None` becomes that, any other stays a text.

    Raises:
      ConfigError: a text has no `=`.
    """
    options: dict[str, Option] = {}
    for word in words:
        key, equals, text = word.partition("=")
        if not (key and equals):
            raise ConfigError(f"options: got {word!r}; write key=value, for example b1=0.5")
        try:
            options[key] = ast.literal_eval(text)
        except (ValueError, SyntaxError):
            options[key] = text
    return options


KEY_VALUES = tyro.constructors.PrimitiveConstructorSpec(
    nargs="*",
    metavar="KEY=VALUE ...",
    instance_from_str=parse_options,
    is_instance=lambda value: isinstance(value, Mapping),
    str_from_instance=lambda value: [f"{key}={item}" for key, item in value.items()],
)
"""Tells tyro how a field of options is written: `Annotated[Mapping[str, Option], KEY_VALUES]`."""


def takes(optimizer: str) -> tuple[str, ...]:
    """Returns the names of the options that the named optimizer takes on the command line."""
    names = inspect.signature(mm.optimizers[optimizer]).parameters
    return tuple(name for name in names if name not in ("learning_rate", "transform"))
