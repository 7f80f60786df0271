"""Arguments and states of the optimizers that a method calls within one update."""

import inspect
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax

from minmax_jax._util import checks, notes
from minmax_jax._util.types import Players, PyTree, transformation


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


def of_side(
    extra: dict[str, Any], index: int, players: Players | None, field: PyTree | None = None
) -> dict[str, Any]:
    """Returns the extra arguments for the rule of one player.

    If `extra` contains what plateau rules, Polyak steps and line searches need, they get the
    player's own part: `value` and `grad`, and `value_fn` as a function of its parameters only.

    Args:
      extra: Extra arguments of the outer `update`.
      index: 0 for the min player, 1 for the max player.
      players: Parameters of both players at which the rule is called, or None.
      field: Field of the player at `players`, if that is not the point of `extra`. `value` is
        then evaluated there.
    """

    def own(tree: Any) -> Any:
        return tree[index] if isinstance(tree, Players) else tree

    found = {name: own(extra[name]) for name in ("value", "grad") if name in extra}
    value_fn = extra.get("value_fn")
    if value_fn is not None and players is not None:
        side = Players._fields[index]

        def of_params(params: PyTree) -> Any:
            return own(value_fn(players._replace(**{side: params}), 0))

        found["value_fn"] = ValueFn(of_params, extra)
        if field is not None:
            found |= {"grad": field, "value": of_params(players[index])}
    return {**extra, **found} if found else extra


class ValueFn:
    """A function of parameters that accepts and ignores the extra arguments of `update`.

    Optax's line searches raise an error for extra arguments that are not in the signature of
    `value_fn`.
    """

    def __init__(self, function: Callable[..., Any], extra: dict[str, Any]) -> None:
        self.function = function
        kinds = inspect.Parameter
        names = [kinds(name, kinds.KEYWORD_ONLY) for name in extra]
        self.__signature__ = inspect.Signature([kinds("params", kinds.POSITIONAL_ONLY), *names])

    def __call__(self, params: PyTree, *draw: Any, **extra: Any) -> Any:
        """Returns the value at `params`."""
        del extra
        return self.function(params, *draw)


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


def call_with_draw(
    function: str, argument: str, value: Callable[..., Any], params: Any, draw: Any, of: str
) -> Any:
    """Returns `value(params, draw)`. Errors name the two arguments `of` and draw.

    Raises TypeError if `value` uses a sample index as a PRNG key, as it does without `key=`.
    """
    try:
        with notes.naming(function, argument, **{of: params, "draw": draw}):
            return value(params, draw)
    except TypeError as error:
        is_index = isinstance(draw, int) or (
            getattr(draw, "ndim", None) == 0 and jnp.issubdtype(draw.dtype, jnp.integer)
        )
        if not is_index or "PRNG key" not in str(error):
            raise
        raise TypeError(
            f"{function}: {argument} needs a PRNG key, got a sample index as draw. Pass "
            "key=jax.random.key(seed) to solve, or pass a key in place of the index."
        ) from error
