"""Computes the range of an operation's result from the ranges of its arguments.

For example, if x is from 1 to 3 and y is from 10 to 20, x + y is from 11 to 23.
"""

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import jax
import numpy as np


class Interval(NamedTuple):
    """Range that contains all elements of an array of integers, or of booleans as 0 and 1.

    Attributes:
      low: No element is less than this number, which may be −∞.
      high: No element is greater than this number, which may be ∞.
    """

    low: float
    high: float


ANY = Interval(-math.inf, math.inf)
"""Range of integers about which nothing is known, and of floats and keys, which are ignored."""


def join(*values: Interval) -> Interval:
    """Returns one range for values that may come from any of the given ranges."""
    return Interval(min(v.low for v in values), max(v.high for v in values))


def of_constant(value: Any) -> Interval:
    """Returns the range of the elements of a known array, or `ANY` if they are not integers."""
    if jax.numpy.issubdtype(jax.numpy.result_type(value), jax.dtypes.prng_key):
        return ANY
    array = np.asarray(value)
    if array.size == 0 or array.dtype.kind not in "iub":
        return ANY
    return Interval(int(array.min()), int(array.max()))


def apply(equation: Any, given: Sequence[Interval]) -> Interval:
    """Returns the range of the result of one operation.

    Unknown operations, and integers that may overflow, have the range `ANY`.

    Args:
      equation: Operation of a traced program, with types and parameters.
      given: Ranges of its arguments.
    """
    kind = getattr(equation.outvars[0].aval, "dtype", None)
    if not _is_integer(kind):
        return ANY
    found = _RULES.get(equation.primitive.name, _unknown)(equation, *given)
    if kind == np.dtype(bool):
        return Interval(*(min(max(end, 0), 1) for end in found))
    limits = jax.numpy.iinfo(kind)  # An integer that exceeds one continues at the other one.
    fits = limits.min <= found.low and found.high <= limits.max
    return found if fits or equation.primitive.name not in _ARITHMETIC else ANY


def _is_integer(kind: Any) -> bool:
    return kind is not None and any(
        jax.numpy.issubdtype(kind, one) for one in (jax.numpy.integer, np.bool_)
    )


def _unknown(equation: Any, *given: Interval) -> Interval:
    del equation, given
    return ANY


def _same(equation: Any, first: Interval, *more: Interval) -> Interval:
    """Rule of operations that move, repeat or select elements of their first argument."""
    del equation, more
    return first


def _convert(equation: Any, a: Interval) -> Interval:
    return a if _is_integer(equation.invars[0].aval.dtype) else ANY


def _gather(equation: Any, a: Interval, indices: Interval) -> Interval:
    del indices
    return ANY if "FILL" in str(equation.params["mode"]) else a


def _multiply(equation: Any, a: Interval, b: Interval) -> Interval:
    del equation
    ends = [0.0 if 0 in (x, y) else x * y for x in a for y in b]
    return Interval(min(ends), max(ends))


def _remainder(equation: Any, a: Interval, b: Interval) -> Interval:
    del equation
    if b.low <= 0:
        return ANY
    high = b.high - 1  # The result has the sign of the first argument.
    return Interval(0 if a.low >= 0 else max(a.low, -high), min(max(a.high, 0), high))


def _select(equation: Any, which: Interval, *cases: Interval) -> Interval:
    del equation
    first, last = max(which.low, 0), min(which.high, len(cases) - 1)
    return join(*cases[int(first) : int(last) + 1])


def _sum(equation: Any, a: Interval) -> Interval:
    argument, result = equation.invars[0].aval, equation.outvars[0].aval
    count = argument.size // max(result.size, 1)
    return _multiply(equation, a, Interval(count, count))


def _less(a: Interval, b: Interval) -> Interval:
    return Interval(int(a.high < b.low), int(a.low < b.high))


def _equal(a: Interval, b: Interval) -> Interval:
    is_certain = a == b and a.low == a.high
    return Interval(int(is_certain), int(a.low <= b.high and b.low <= a.high))


def _not(a: Interval) -> Interval:
    return Interval(1 - a.high, 1 - a.low)


def _clamp(equation: Any, low: Interval, a: Interval, high: Interval) -> Interval:
    del equation
    return Interval(
        min(max(a.low, low.low), high.low), max(min(a.high, high.high), min(low.high, high.high))
    )


def _logical(equation: Any, a: Interval, b: Interval, *, fn: Callable[..., Any]) -> Interval:
    if equation.outvars[0].aval.dtype != np.dtype(bool):
        return ANY
    return Interval(fn(a.low, b.low), fn(a.high, b.high))


_ARITHMETIC = {"add", "sub", "neg", "mul", "reduce_sum", "convert_element_type"}
"""Operations whose results may exceed the limits of their type."""

_KEEP = (
    *("broadcast_in_dim", "squeeze", "reshape", "slice", "dynamic_slice", "transpose"),
    *("rev", "reduce_max", "reduce_min", "copy", "stop_gradient", "expand_dims"),
    *("optimization_barrier", "reduce_and", "reduce_or", "mark_integer"),
)

_RULES: Mapping[str, Callable[..., Interval]] = MappingProxyType(
    {
        **dict.fromkeys(_KEEP, _same),
        "add": lambda _, a, b: Interval(a.low + b.low, a.high + b.high),
        "sub": lambda _, a, b: Interval(a.low - b.high, a.high - b.low),
        "neg": lambda _, a: Interval(-a.high, -a.low),
        "mul": _multiply,
        "rem": _remainder,
        "max": lambda _, a, b: Interval(max(a.low, b.low), max(a.high, b.high)),
        "min": lambda _, a, b: Interval(min(a.low, b.low), min(a.high, b.high)),
        "clamp": _clamp,
        "select_n": _select,
        "concatenate": lambda _, *values: join(*values),
        "convert_element_type": _convert,
        "gather": _gather,
        "iota": lambda e, *_: Interval(0, max(e.params["shape"][e.params["dimension"]] - 1, 0)),
        "reduce_sum": _sum,
        "lt": lambda _, a, b: _less(a, b),
        "gt": lambda _, a, b: _less(b, a),
        "le": lambda _, a, b: _not(_less(b, a)),
        "ge": lambda _, a, b: _not(_less(a, b)),
        "eq": lambda _, a, b: _equal(a, b),
        "ne": lambda _, a, b: _not(_equal(a, b)),
        "not": lambda e, a: _not(a) if e.outvars[0].aval.dtype == np.dtype(bool) else ANY,
        "and": functools.partial(_logical, fn=min),
        "or": functools.partial(_logical, fn=max),
    }
)
"""Mapping from the name of an operation to its rule: `(equation, *arguments) -> result`."""
