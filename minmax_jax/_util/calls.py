"""Arguments and states of the optimizers that a method calls within one update."""

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


def on_field(
    name: str, transform: Any, argument: str = "transform"
) -> optax.GradientTransformationExtraArgs:
    """Returns the argument `transform` of `name` as a transformation of fields.

    It passes `is_field=True`, because `project` must not be applied to a field. `argument` is the
    name of the argument in error messages.

    Raises:
      TypeError: If `transform` is neither None nor an Optax gradient transformation.
    """
    tx = checks.check_transformation_or_none(name, argument, transform)
    if transform is None:
        return tx

    def update_fn(
        updates: PyTree, state: Any, params: PyTree | None = None, **extra: Any
    ) -> tuple[PyTree, Any]:
        return tx.update(updates, state, params, **{**extra, "is_field": True})

    return transformation(tx.init, update_fn)


def chain(name: str, *txs: optax.GradientTransformation) -> optax.GradientTransformationExtraArgs:
    """Returns `optax.chain(*txs)` with an error that names `name` if the state does not fit."""
    tx = optax.chain(*txs)

    def update_fn(
        updates: PyTree, state: Any, params: PyTree | None = None, **extra: Any
    ) -> tuple[PyTree, Any]:
        checks.check_chain(name, state, len(txs))
        return tx.update(updates, state, params, **extra)

    return transformation(tx.init, update_fn)


def with_checked_state(
    name: str, tx: optax.GradientTransformation, kind: type, *fields: str
) -> optax.GradientTransformationExtraArgs:
    """Returns `tx` with an error that names `name` if the state was made for another tree.

    Args:
      name: Name of the method in error messages.
      tx: Transformation whose states are of type `kind`.
      kind: Type of the states.
      *fields: Names of the attributes of a state that are trees like the parameters.
    """
    tx = optax.with_extra_args_support(tx)

    def update_fn(
        updates: PyTree, state: Any, params: PyTree | None = None, **extra: Any
    ) -> tuple[PyTree, Any]:
        checks.check_state(name, state, kind, updates, *fields)
        return tx.update(updates, state, params, **extra)

    return transformation(tx.init, update_fn)


def value_at(value: Any, count: jax.Array) -> jax.Array:
    """Returns `value`, evaluated at `count` if it is a schedule."""
    return jnp.asarray(value(count) if callable(value) else value)
