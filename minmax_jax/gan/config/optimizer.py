"""Configuration of the optimizer, with its options as `key=value`."""

import ast
import dataclasses
import inspect
from collections.abc import Iterable, Mapping
from typing import Annotated

import tyro
from tyro.conf import arg

import minmax_jax as mm
from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.base.messages import short
from minmax_jax.gan.config.fields import AtLeast, Group, OneOf, choices

Option = bool | int | float | str | None
"""A value that an option of an optimizer may have on the command line and in JSON."""

NOT_OPTIONS = ("learning_rate", "transform", "projection")
"""Arguments of the named optimizers that have no text form."""


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


def option_names(optimizer: str) -> tuple[str, ...]:
    """Returns the names of the options that the named optimizer has on the command line."""
    names = inspect.signature(mm.optimizers[optimizer]).parameters
    return tuple(name for name in names if name not in NOT_OPTIONS)


KEY_VALUES = tyro.constructors.PrimitiveConstructorSpec(
    nargs="*",
    metavar="KEY=VALUE ...",
    instance_from_str=parse_options,
    is_instance=lambda value: isinstance(value, Mapping),
    str_from_instance=format_options,
)
"""Tells tyro how to read and show a field of options."""


@dataclasses.dataclass(frozen=True)
class OptimizerConfig(Group):
    """Two-player optimizer."""

    name: Annotated[
        str, OneOf(mm.optimizers), arg(name="optimizer", metavar=choices(mm.optimizers))
    ] = "adam_gda"
    """Two-player optimizer."""
    learning_rate_min: Annotated[float, AtLeast(0)] = 5e-4
    """Learning rate of the min player, the generator."""
    learning_rate_max: Annotated[float, AtLeast(0)] = 2e-4
    """Learning rate of the max player, the discriminator."""
    options: Annotated[Mapping[str, Option], KEY_VALUES] = dataclasses.field(default_factory=dict)
    """Further arguments of the optimizer, such as b1=0.5 scope=global. They are added to the preset's options."""  # noqa: E501
    max_steps: Annotated[int, AtLeast(1)] = 1
    """Discriminator steps per generator step. With 1, both players update together."""

    def check(self) -> None:
        """Raises `ConfigError` if a value is invalid, or the optimizer lacks an option."""
        super().check()
        for name, value in self.options.items():
            if not isinstance(value, Option) or len(short(value)) >= 60:
                raise ConfigError(
                    f"options: {short(name)} must be a number, a short text, True, False or None, "
                    f"got {short(value)}."
                )
        known = option_names(self.name)
        if unknown := sorted(set(self.options) - set(known)):
            raise ConfigError(
                f"options: {self.name} does not take {', '.join(unknown)}. It takes "
                f"{', '.join(known) or 'no options'}."
            )
