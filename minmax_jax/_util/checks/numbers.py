"""Checks of numbers, counts, schedules and learning rates."""

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np

from minmax_jax._util.checks.scalars import concrete, is_scalar
from minmax_jax._util.checks.values import shown, takes
from minmax_jax._util.types import Players

MAX_COUNT = 2**31 - 1
"""Largest value of the counters in optimizer states, which are int32."""


def check_count(function: str, argument: str, value: Any, at_least: int = 1) -> int:
    """Returns `value` as an `int`, or raises an error if it is not from `at_least` to 2³¹ − 1."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        remedy = "Pass an int."
        if isinstance(value, float) and value.is_integer():
            remedy = f"Pass {int(value)}."
        elif hasattr(value, "dtype"):
            remedy = (
                "It determines the compiled program, so it cannot be an array. Name it in "
                "static_args if you call optax.inject_hyperparams."
            )
        raise TypeError(
            f"{function}: {argument} must be a Python int of at least {at_least}, "
            f"got {shown(value)}. {remedy}"
        )
    if value < at_least:
        raise ValueError(
            f"{function}: {argument} must be at least {at_least}, got {value}. "
            "Pass a larger number."
        )
    if value > MAX_COUNT:
        raise ValueError(
            f"{function}: {argument} must be at most {MAX_COUNT}, got {value}. "
            "Pass a smaller number."
        )
    return int(value)


def check_number(
    function: str,
    argument: str,
    value: Any,
    *,
    low: float = 0.0,
    high: float = math.inf,
    below: float = math.inf,
    infinite: bool = False,
    schedule: bool = True,
) -> Any:
    """Returns `value`, or raises an error if it is not a number in the given range.

    Args:
      function: Name of the function that was called.
      argument: Name of the argument.
      value: A number, a scalar array, a traced scalar, or a schedule of one of them. The range
        of traced values and schedules is not checked.
      low: Smallest value.
      high: Largest value.
      below: Number below which the value must be.
      infinite: Whether infinity is allowed.
      schedule: Whether a schedule is allowed.

    Returns:
      `value`. A schedule is wrapped, so that each call checks that the result is a scalar.
    """
    if not is_scalar(value) and not hasattr(value, "dtype") and callable(value):
        return _check_schedule(function, argument, value, schedule)
    if not is_scalar(value):
        expected = (
            "a number, a scalar array or a schedule (a function of the update count)"
            if schedule
            else "a number or a scalar array"
        )
        raise TypeError(
            f"{function}: {argument} must be {expected}, got {shown(value)}. "
            "Pass a real number, for example 0.1."
        )
    number = concrete(value)
    if number is None:
        return value
    if not infinite and not abs(number) <= float(jnp.finfo(jnp.result_type(float)).max):
        raise ValueError(
            f"{function}: {argument} must be a finite number, got {value}. Pass a finite number."
        )
    # This form also refuses NaN, because comparisons with NaN are False.
    if not (low <= number <= high and (number < below or below == math.inf)):
        raise ValueError(
            f"{function}: {argument} must be {_bounds(low, high, below)}, got {value}. "
            "Pass a number in this range."
        )
    return value


def check_learning_rate(function: str, learning_rate: Any, argument: str = "learning_rate") -> Any:
    """Returns `learning_rate`, or raises an error if it is not valid.

    It must be a nonnegative finite number or a schedule, or `Players` of two of them.
    """
    if isinstance(learning_rate, Players):
        halves = learning_rate._asdict().items()
        return Players(*(_check_rate(function, f"{argument}.{side}", x) for side, x in halves))
    return _check_rate(function, argument, learning_rate)


def _check_rate(function: str, argument: str, value: Any) -> Any:
    if isinstance(value, dict | list | tuple) or value is None:
        raise TypeError(
            f"{function}: {argument} must be a number, a scalar array or a schedule (a function of "
            f"the update count), got {shown(value)}. For one learning rate per player, pass "
            "Players(min=..., max=...) of two numbers or schedules."
        )
    number = concrete(value) if is_scalar(value) else None
    if number is not None and -math.inf < number < 0:
        raise ValueError(
            f"{function}: {argument} must be at least 0, got {value}. Both players descend the "
            "field, so learning rates are never negative: `zero_sum` already flips the sign for "
            "the max player."
        )
    return check_number(function, argument, value)


@dataclasses.dataclass(frozen=True)
class _Schedule:
    """A schedule that checks its results.

    Attributes:
      function: Name of the function that was called.
      argument: Name of the argument.
      schedule: Function from the update count to a scalar.
    """

    function: str
    argument: str
    schedule: Callable[[Any], Any]

    def __call__(self, count: Any) -> Any:
        value = self.schedule(count)
        if not is_scalar(value):
            raise TypeError(
                f"{self.function}: {self.argument} must return a number for an update count, "
                f"got {shown(value)}. Return a real scalar; for one schedule per player, pass "
                "Players(min=..., max=...) of two."
            )
        return value


def _check_schedule(function: str, argument: str, value: Any, allowed: bool) -> Any:
    if isinstance(value, _Schedule):
        return value
    if not allowed:
        raise TypeError(
            f"{function}: {argument} must be a number or a scalar array, got {shown(value)}. "
            f"To vary it over time, wrap the function in optax.inject_hyperparams."
        )
    if isinstance(value, type) or not takes(value, 1):
        raise TypeError(
            f"{function}: {argument} must be a number, a scalar array or a schedule (a function "
            f"of the update count), got {shown(value)}. Pass a function of one argument, for "
            "example optax.cosine_decay_schedule(1e-3, 1000)."
        )
    return _Schedule(function, argument, value)


def _bounds(low: float, high: float, below: float) -> str:
    if below < math.inf:
        return f"at least {low:g} and less than {below:g}"
    return f"at least {low:g}" if high == math.inf else f"between {low:g} and {high:g}"
