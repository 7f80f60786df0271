"""PRNG keys and update counts for several optimizer calls within one update."""

from typing import Any

import jax
import jax.numpy as jnp
import optax

from minmax_jax._util import checks
from minmax_jax._util.types import PyTree, transformation


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


def on_field(name: str, transform: Any) -> optax.GradientTransformationExtraArgs:
    """Returns the argument `transform` of `name` as a transformation of fields.

    It passes `is_field=True`, because `project` must not be applied to a field.

    Raises:
      TypeError: If `transform` is neither None nor an Optax gradient transformation.
    """
    if transform is None:
        return optax.with_extra_args_support(optax.identity())
    tx = checks.check_transformation(name, "transform", transform)

    def update_fn(
        updates: PyTree, state: Any, params: PyTree | None = None, **extra: Any
    ) -> tuple[PyTree, Any]:
        return tx.update(updates, state, params, **{**extra, "is_field": True})

    return transformation(tx.init, update_fn)


def value_at(value: Any, count: jax.Array) -> jax.Array:
    """Returns `value`, evaluated at `count` if it is a schedule."""
    return jnp.asarray(value(count) if callable(value) else value)
