"""Several calls of a rule within one update: whose randomness, and at which count."""

from typing import Any

import jax
import jax.numpy as jnp


def inner_call(extra: dict[str, Any], call: int | jax.Array, **more: Any) -> dict[str, Any]:
    """Returns the extra arguments of inner call number `call`: a key of its own, and `more`."""
    extra = {**extra, **more}
    if extra.get("key") is not None:
        extra["key"] = jax.random.fold_in(extra["key"], call)
    return extra


def value_at(value: Any, count: jax.Array) -> jax.Array:
    """Returns a number, or what a schedule says at `count`."""
    return jnp.asarray(value(count) if callable(value) else value)
