"""Limits of configuration values, written beside the fields that they check."""

import collections.abc
import dataclasses
import math
import numbers
import typing
from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

from tyro.conf import arg

from minmax_jax.gan.base.errors import ConfigError, check_name
from minmax_jax.gan.base.messages import short


class AtLeast(NamedTuple):
    """Smallest allowed value: `Annotated[int, AtLeast(1)]`."""

    minimum: float

    def check(self, name: str, value: Any) -> None:
        """Raises `ConfigError` if the value is smaller or not finite."""
        if not (_is_finite(value) and value >= self.minimum):
            raise ConfigError(f"{name} must be at least {self.minimum}, got {short(value)}.")


class AtMost(NamedTuple):
    """Largest allowed value: `Annotated[int, AtMost(2**16)]`.

    Every integer without this limit and every text has a limit too, see `Group.check_types`.
    """

    maximum: float

    def check(self, name: str, value: Any) -> None:
        """Raises `ConfigError` if the value is larger."""
        if value > self.maximum:
            raise ConfigError(f"{name} must be at most {self.maximum}, got {short(value)}.")


class Below(NamedTuple):
    """Upper limit, which is not itself allowed: `Annotated[float, Below(1)]`."""

    limit: float

    def check(self, name: str, value: Any) -> None:
        """Raises `ConfigError` if the value reaches the limit."""
        if value >= self.limit:
            raise ConfigError(f"{name} must be below {self.limit}, got {short(value)}.")


@dataclasses.dataclass(frozen=True, eq=False)  # Annotations must be hashable.
class OneOf:
    """The allowed names: `Annotated[str, OneOf(LOSSES)]`. A registry may grow later."""

    known: Collection[str]

    def check(self, name: str, value: Any) -> None:
        """Raises `ConfigError` with the nearest names if the value is not a known name."""
        check_name(name, value, self.known)


HIDE_DEFAULT = arg(help_behavior_hint="")
"""Hides an empty default in the help, for flags whose help text describes the default."""


def choices(known: Collection[str]) -> str:
    """Returns the names as the help shows them, for example `{pmap,shard_map}`."""
    return "{" + ",".join(known) + "}"


class Field(NamedTuple):
    """One field of a group of the configuration.

    Attributes:
      attribute: Name of the attribute in the group.
      name: Name of the flag, with underscores. Unique in the whole configuration.
      type: Type of the value.
      limits: The limits in the annotation.
    """

    attribute: str
    name: str
    type: type
    limits: tuple[AtLeast | AtMost | Below | OneOf, ...]


def fields_of(group: type) -> Iterator[Field]:
    """Yields the fields of a group in their order."""
    hints = typing.get_type_hints(group, include_extras=True)
    for field in dataclasses.fields(group):
        hint = hints[field.name]
        extras = getattr(hint, "__metadata__", ())
        plain = typing.get_args(hint)[0] if extras else hint
        flags = [name for extra in extras if (name := getattr(extra, "name", None))]
        limits = tuple(extra for extra in extras if isinstance(extra, _LIMITS))
        name = flags[0] if flags else field.name
        yield Field(field.name, name, typing.get_origin(plain) or plain, limits)


class Group:
    """Base class of the configuration groups. Checks the type and limits of each field."""

    def check(self) -> None:
        """Raises `ConfigError` if a value has another type or is beyond its limits."""
        self.check_types()
        for field in fields_of(type(self)):
            for limit in field.limits:
                limit.check(field.name, getattr(self, field.attribute))

    def check_types(self) -> None:
        """Raises `ConfigError` if a value has another type than its field, or is absurdly large.

        The devices count in 32-bit integers. A text must be at most 4,096 characters long.
        """
        for field in fields_of(type(self)):
            value = getattr(self, field.attribute)
            kind, text = _TYPES[field.type]
            if not isinstance(value, kind) or (isinstance(value, bool) and field.type is not bool):
                raise ConfigError(f"{field.name} must be {text}, got {short(value)}.")
            if field.type is int and not -(2**31) <= value < 2**31:
                raise ConfigError(f"{field.name} must be below {2**31}, got {short(value)}.")
            if isinstance(value, str) and ("\0" in value or len(value) > 4096):
                raise ConfigError(
                    f"{field.name} must be a text of at most 4096 characters, without NUL, got "
                    f"{short(value)}."
                )


def _is_finite(value: Any) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # An integer that no float can represent.
        return False


_LIMITS = (AtLeast, AtMost, Below, OneOf)

_TYPES: dict[type, tuple[type, str]] = {
    str: (str, "a string"),
    bool: (bool, "true or false"),
    int: (numbers.Integral, "an integer"),
    float: (numbers.Real, "a number"),
    collections.abc.Mapping: (collections.abc.Mapping, "a mapping"),
}
"""Maps the type of a field to the accepted type and its description in error messages."""
