"""Checks of fields, payoffs, the values that they return, and keys."""

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from minmax_jax._util import notes
from minmax_jax._util.checks.leaves import check_whole_players
from minmax_jax._util.checks.scalars import is_real_scalar, scalar_remedy
from minmax_jax._util.checks.structure import check_match, check_same_structure
from minmax_jax._util.checks.values import check_callable, check_signature, described, shown
from minmax_jax._util.types import Draw, FieldFn, PayoffFn, Players

IF_DROPPED = (
    "If optax.MultiSteps(...).gradient_transformation() dropped it, wrap the MultiSteps object as "
    "optax.GradientTransformationExtraArgs(steps.init, steps.update)."
)
"""Remedy for a wrapper that does not pass on the keyword arguments of `update`."""


def check_field_fn(
    function: str, updates: Any, params: Any, field_fn: Any
) -> tuple[Players, FieldFn]:
    """Returns `(params, field_fn)`, or raises an error if `update` cannot evaluate the field.

    The returned field checks its values.
    """
    if params is None:
        raise ValueError(
            f"{function}: update needs params, the current players. "
            "Call optimizer.update(updates, state, players, field_fn=field_fn)."
        )
    if field_fn is None:
        raise ValueError(
            f"{function}: update needs field_fn= as a keyword, because it evaluates the field at "
            "other points. Call optimizer.update(updates, state, players, field_fn=field_fn). "
            f"{IF_DROPPED} Or use mm.accumulate(field_fn, num_parts), which averages the field at "
            "the other points too."
        )
    field_fn = check_game_function(function, "field_fn", field_fn)
    params = check_whole_players(function, "params", params)
    check_match(function, updates, params)
    return params, field_fn


def check_payoff_fn(function: str, payoff_fn: Any) -> PayoffFn:
    """Returns `payoff_fn` with checked values, or raises an error if it is not a payoff."""
    if payoff_fn is None:
        raise ValueError(
            f"{function}: update needs payoff_fn= as a keyword, because it compares payoffs. "
            "Call optimizer.update(..., payoff_fn=mm.payoff(payoff)) or "
            f"mm.solve(..., payoff_fn=...). {IF_DROPPED}"
        )
    return check_game_function(function, "payoff_fn", payoff_fn)


def check_game_function(function: str, argument: str, value: Any) -> Any:
    """Returns a field or payoff that checks its values, or raises an error if it cannot be one.

    It must be a function of `(players, draw)` without auxiliary output.

    Args:
      function: Name of the function that was called.
      argument: Name of a field, which ends in `field_fn`, or of a payoff or loss.
      value: Value of the argument.
    """
    is_field = argument.endswith("field_fn")
    builder = "mm.zero_sum or mm.general_sum" if is_field else "mm.payoff"
    check_callable(function, argument, value, remedy=f"Build it with {builder}.")
    if getattr(value, "has_aux", False):
        raise TypeError(
            f"{function}: {argument} must not have auxiliary outputs, got one with has_aux=True. "
            f"Build it with {builder} and has_aux=False."
        )
    remedy = f"Add the argument draw=0, or build it with {builder}."
    check_signature(function, argument, value, ("players", "draw"), remedy)
    kind = _CheckedField if is_field else _CheckedPayoff
    return kind(function, argument, value)


@dataclasses.dataclass(frozen=True, eq=False)
class _CheckedField:
    """A field that checks its values, and returns them in the dtypes of the players.

    Attributes:
      function: Name of the function that was called.
      argument: Name of the argument.
      field_fn: Field function.
    """

    function: str
    argument: str
    field_fn: Callable[..., Any]

    def __call__(self, players: Players, draw: Draw = 0) -> Players:
        with notes.naming(self.function, self.argument, players=players, draw=draw):
            field = self.field_fn(players, draw)
        if not isinstance(field, Players):
            is_pair = isinstance(field, tuple) and len(field) == 2
            remedy = "Pass mm.zero_sum(payoff), not the payoff."
            if is_pair and isinstance(field[0], Players):
                remedy = "Leave out its auxiliary output."
            elif is_pair:
                remedy = "Return Players(min=..., max=...)."
            raise TypeError(
                f"{self.function}: {self.argument} must return Players(min=..., max=...), got "
                f"{described(field)}. {remedy}"
            )
        trees = {f"{self.argument}(players)": field, "players": players}
        check_same_structure(self.function, trees, "Return one value for each parameter.")
        return jax.tree.map(self._in_dtype_of, field, players)

    def _in_dtype_of(self, value: Any, param: Any) -> jax.Array:
        """Returns a float value of the field in the dtype of its parameter."""
        value = jnp.asarray(value)
        if jnp.issubdtype(value.dtype, jnp.complexfloating):
            raise TypeError(
                f"{self.function}: {self.argument}(players) must be real, got {described(value)}. "
                "Return the real part."
            )
        if not jnp.issubdtype(value.dtype, jnp.floating):
            return value  # Other checks refuse it.
        return value.astype(jnp.asarray(param).dtype)

    @property
    def general_sum(self) -> bool:
        """Whether it is the field of a general-sum game."""
        return getattr(self.field_fn, "general_sum", False)


@dataclasses.dataclass(frozen=True, eq=False)
class _CheckedPayoff:
    """A payoff or loss that checks its values.

    Attributes:
      function: Name of the function that was called.
      argument: Name of the argument.
      payoff_fn: Payoff or loss.
    """

    function: str
    argument: str
    payoff_fn: Callable[..., Any]

    def __call__(self, players: Players, draw: Draw = 0) -> jax.Array:
        with notes.naming(self.function, self.argument, players=players, draw=draw):
            value = self.payoff_fn(players, draw)
        if not is_real_scalar(value):
            remedy = scalar_remedy(value)
            if isinstance(value, Players):
                remedy = "Pass mm.payoff(payoff), not the field."
            elif isinstance(value, tuple):
                remedy = "Leave out its auxiliary output."
            raise TypeError(
                f"{self.function}: {self.argument} must return a real scalar, got "
                f"{described(value)}. {remedy}"
            )
        return jnp.asarray(value)


def check_key(function: str, key: Any, why: str) -> jax.Array:
    """Returns `key`, or raises an error if it is not one PRNG key."""
    if key is None:
        raise ValueError(
            f"{function}: update needs key= as a keyword, because {why}. "
            f"Call optimizer.update(..., key=key) or mm.solve(..., key=key). {IF_DROPPED}"
        )
    return check_is_key(function, key)


def check_is_key(function: str, key: Any) -> Any:
    """Returns `key`, or raises TypeError if it is neither None nor one PRNG key."""
    dtype, shape = getattr(key, "dtype", None), getattr(key, "shape", None)
    is_typed = dtype is not None and jnp.issubdtype(dtype, jax.dtypes.prng_key) and shape == ()
    if key is not None and not is_typed and not (dtype == jnp.uint32 and len(shape or ()) == 1):
        raise TypeError(
            f"{function}: key must be one PRNG key, got {shown(key)}. Pass jax.random.key(seed)."
        )
    return key
