"""Parses JSON from files that anybody may have written."""

import json
import math
from collections.abc import Mapping
from typing import Any

MAX_DEPTH = 8
"""Largest nesting depth of objects and lists. The files of a run have a depth of four."""


def parse(content: bytes) -> Any:
    """Parses a UTF-8 JSON text; NaN and infinity become None.

    Raises:
      ValueError: If the text is not JSON, nested deeper than `MAX_DEPTH`, or contains a number
        that no 64-bit integer or float can represent. The message is one short line.
    """
    try:
        value = json.loads(content.decode(), parse_constant=_none, parse_float=_finite_float)
    except UnicodeDecodeError:
        raise ValueError("not UTF-8 text") from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno} column {error.colno}"
        raise ValueError(f"not JSON: {error.msg} at {place}") from None
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except ValueError:  # Python refuses integers of more than 4,300 digits.
        raise ValueError("an integer is too large") from None
    _check(value)
    return value


def is_number(value: Any) -> bool:
    """Returns whether a value is a number, which true and false are not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_count(value: Any) -> bool:
    """Returns whether a value is an integer from 0 to 2³¹ − 1, such as the number of a step."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31


def is_scalar(value: Any) -> bool:
    """Returns whether a value is a number, text, true, false or null."""
    return not isinstance(value, Mapping | list)


def _check(value: Any) -> None:
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        if any(isinstance(item, int) and not -(2**63) <= item < 2**63 for item in level):
            raise ValueError("an integer is too large")
        level = [
            inner
            for item in level
            if isinstance(item, Mapping | list)
            for inner in (item.values() if isinstance(item, Mapping) else item)
        ]
        if not level:
            return
    raise ValueError("nested too deeply")


def _finite_float(text: str) -> float | None:
    value = float(text)
    return value if math.isfinite(value) else None


def _none(_: str) -> None:
    return None
