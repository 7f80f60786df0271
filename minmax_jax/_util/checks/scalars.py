"""Properties of numbers and scalar arrays, traced or not."""

import math
from typing import Any

import jax
import jax.numpy as jnp
from jax.core import Tracer


def is_scalar(value: Any) -> bool:
    """Returns whether `value` is one real number, traced or not."""
    if isinstance(value, bool):
        return False
    if isinstance(value, int | float):
        return True
    if not hasattr(value, "dtype") or getattr(value, "shape", None) != ():
        return False
    kinds = (jnp.floating, jnp.integer)
    return any(jnp.issubdtype(value.dtype, kind) for kind in kinds)


def concrete(value: Any) -> float | None:
    """Returns the number `value`, or None if it is not known yet or is on other hosts."""
    if isinstance(value, Tracer) or not getattr(value, "is_fully_addressable", True):
        return None
    try:
        return float(value)
    except OverflowError:  # The number is an int beyond the range of floats.
        return math.inf if value > 0 else -math.inf
    except (TypeError, jax.errors.ConcretizationTypeError):
        return None


def is_real_scalar(value: Any) -> bool:
    """Returns whether `value` is a Python float or a floating-point scalar, traced or not."""
    if isinstance(value, float):
        return True
    is_float = hasattr(value, "dtype") and jnp.issubdtype(value.dtype, jnp.floating)
    return is_float and value.shape == ()


def scalar_remedy(value: Any) -> str:
    """Returns how to make a real scalar of a value for which `is_real_scalar` is False."""
    if value is None:
        return "Return the value at the end of the function."
    if not hasattr(value, "dtype"):
        return "Return one float."
    if value.shape != ():
        return "Reduce it, for example with jnp.mean."
    if jnp.issubdtype(value.dtype, jnp.complexfloating):
        return "Return its real part or its absolute value."
    return "Return a float: the gradient of an integer or a bool is zero."
