"""PRNG keys and update counts for several optimizer calls within one update."""

from typing import Any

import jax
import jax.numpy as jnp


def inner_call(extra: dict[str, Any], call: int | jax.Array, **more: Any) -> dict[str, Any]:
    """Returns the extra arguments of inner call number `call`.

    Args:
      extra: Extra arguments of the outer `update`.
      call: Index of the inner call. It is folded into `key`, if there is one.
      **more: Arguments to add.

    Returns:
      A new dict. `extra` does not change.
    """
    extra = {**extra, **more}
    if extra.get("key") is not None:
        extra["key"] = jax.random.fold_in(extra["key"], call)
    return extra


def value_at(value: Any, count: jax.Array) -> jax.Array:
    """Returns `value`, evaluated at `count` if it is a schedule."""
    return jnp.asarray(value(count) if callable(value) else value)
