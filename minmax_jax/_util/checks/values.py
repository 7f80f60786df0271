"""Checks of names, functions and transformations."""

import inspect
from collections.abc import Callable, Collection
from typing import Any, TypeVar

import numpy as np
import optax

T = TypeVar("T")

SCOPES = ("layer", "global")

_LENGTH = 100
"""Largest number of characters of a value in an error message."""


def shown(value: Any) -> str:
    """Returns the representation of `value` on one line, shortened if it is long."""
    text = " ".join(repr(value).split())
    return text if len(text) <= _LENGTH else f"{text[: _LENGTH - 1]}…"


def described(value: Any) -> str:
    """Returns the dtype and shape of an array, or the type of another value."""
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return f"shape {value.shape} and dtype {value.dtype}"
    if type(value) is tuple:
        return f"a tuple of length {len(value)}"
    return "None" if value is None else type(value).__name__


def check_choice(function: str, argument: str, value: T, choices: Collection[Any]) -> T:
    """Returns `value`, or raises ValueError if it is not one of `choices`.

    Choices are strings, bools and None. Other values are refused before the comparison, because
    comparisons of arrays are arrays.
    """
    if not isinstance(value, str | bool | np.bool_ | None) or value not in choices:
        listed = " or ".join(repr(choice) for choice in choices)
        raise ValueError(
            f"{function}: {argument} must be {listed}, got {shown(value)}. Pass one of these."
        )
    return value


def takes(function: Callable[..., Any], count: int, *keywords: str) -> bool:
    """Returns whether `function` accepts `count` positional arguments and the keywords.

    It is True for functions without a signature, such as some built-in ones.
    """
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return True
    try:
        signature.bind(*range(count), **dict.fromkeys(keywords))
    except TypeError:
        return False
    return True


def check_callable(
    function: str,
    argument: str,
    value: Any,
    what: str = "callable",
    *,
    count: int | None = None,
    remedy: str = "Pass a function.",
) -> Callable[..., Any]:
    """Returns `value`, or raises TypeError if it is not a function of `count` arguments.

    Args:
      function: Name of the function that was called.
      argument: Name of the argument.
      value: Value of the argument.
      what: Description of the expected function.
      count: Number of positional arguments that it must accept, or None for any number.
      remedy: Last sentence of the message, unless `value` is an object with the function as
        attribute, such as a game that is passed as `field_fn`.
    """
    if not callable(value) and callable(getattr(value, argument, None)):
        remedy = f"Pass its attribute {argument}."
    if not callable(value) or (count is not None and not takes(value, count)):
        raise TypeError(f"{function}: {argument} must be {what}, got {shown(value)}. {remedy}")
    return value


def check_signature(
    function: str, argument: str, value: Any, names: Collection[str], remedy: str
) -> Callable[..., Any]:
    """Returns `value`, or raises TypeError if it is not a function of the named arguments."""
    check_callable(function, argument, value)
    if not takes(value, len(names)):
        raise TypeError(
            f"{function}: {argument} must take ({', '.join(names)}), got {shown(value)}. {remedy}"
        )
    return value


def check_transformation(function: str, argument: str, value: Any) -> Any:
    """Returns `value` with support for extra arguments.

    Raises TypeError if `value` is not an Optax gradient transformation. The return type is `Any`
    because Optax's type aliases for pytrees do not include `Players`.
    """
    if isinstance(value, optax.GradientTransformation):
        return optax.with_extra_args_support(value)
    remedy = "Pass for example optax.sgd(1e-3)."
    if isinstance(value, optax.MultiSteps):
        remedy = "Pass optax.GradientTransformationExtraArgs(steps.init, steps.update)."
    elif callable(value):
        remedy = "Call it first, for example with a learning rate."
    elif isinstance(value, str):
        remedy = "Look it up and call it: mm.optimizers[name](learning_rate)."
    raise TypeError(
        f"{function}: {argument} must be an Optax gradient transformation, got {shown(value)}. "
        f"{remedy}"
    )


def check_transformation_or_none(function: str, argument: str, value: Any) -> Any:
    """Returns `value` with support for extra arguments, and the identity for None."""
    if value is None:
        return optax.with_extra_args_support(optax.identity())
    return check_transformation(function, argument, value)


def check_projection(function: str, argument: str, value: Any) -> Callable[..., Any]:
    """Returns `value`, or raises TypeError if it is not a function of one player's parameters."""
    what = "a function from params to params"
    remedy = "Pass for example optax.projections.projection_box with its bounds bound by partial."
    return check_callable(function, argument, value, what, count=1, remedy=remedy)
