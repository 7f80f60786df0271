"""Argument validation with uniform error messages. Most checks return the value."""

import math
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import optax
from jax.core import Tracer

from minmax_jax._util.trees import is_placeholder
from minmax_jax._util.types import FieldFn, PayoffFn, Players, PyTree

T = TypeVar("T")

SCOPES = ("layer", "global")

MAX_COUNT = 2**31 - 1
"""Largest value of the counters in optimizer states, which are int32."""


def check_choice(function: str, argument: str, value: T, choices: Collection[Any]) -> T:
    """Returns `value`, or raises ValueError if it is not one of `choices`."""
    if value not in choices:
        listed = " or ".join(repr(choice) for choice in choices)
        raise ValueError(f"{function}: {argument} must be {listed}, got {value!r}.")
    return value


def check_count(function: str, argument: str, value: Any, at_least: int = 1) -> int:
    """Returns `value`, or raises an error if it is not an `int` from `at_least` to 2³¹ − 1."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(
            f"{function}: {argument} must be a Python int of at least {at_least}, got {value!r}. "
            "It determines the compiled program, so it cannot be a traced value."
        )
    if value < at_least:
        raise ValueError(f"{function}: {argument} must be at least {at_least}, got {value}.")
    if value > MAX_COUNT:
        raise ValueError(f"{function}: {argument} must be at most {MAX_COUNT}, got {value}.")
    return value


def check_number(
    function: str, argument: str, value: Any, *, low: float = 0.0, high: float = math.inf
) -> Any:
    """Returns `value`, or raises an error if it is not a number in [low, high].

    Schedules and traced values are not checked.
    """
    if callable(value) or isinstance(value, Tracer):
        return value
    if isinstance(value, bool | str) or jnp.ndim(value) != 0:
        raise TypeError(
            f"{function}: {argument} must be a number, a scalar array or a schedule "
            f"(a function of the update count), got {value!r}."
        )
    # This form also refuses NaN, because comparisons with NaN are False.
    if not low <= float(value) <= high:
        bounds = f"at least {low:g}" if high == math.inf else f"between {low:g} and {high:g}"
        raise ValueError(f"{function}: {argument} must be {bounds}, got {value}.")
    return value


def check_callable(
    function: str, argument: str, value: Any, what: str = "callable"
) -> Callable[..., Any]:
    """Returns `value`, or raises TypeError if it is not callable."""
    if not callable(value):
        raise TypeError(f"{function}: {argument} must be {what}, got {value!r}.")
    return value


def check_transformation(function: str, argument: str, value: Any) -> Any:
    """Returns `value` with support for extra arguments.

    Raises TypeError if `value` is not an Optax gradient transformation. The return type is `Any`
    because Optax's type aliases for pytrees do not include `Players`.
    """
    if not isinstance(value, optax.GradientTransformation):
        raise TypeError(
            f"{function}: {argument} must be an Optax gradient transformation, got {value!r}."
        )
    return optax.with_extra_args_support(value)


def check_learning_rate(function: str, learning_rate: Any) -> Any:
    """Returns `learning_rate`, or raises an error if it is not valid.

    It must be a nonnegative number or a schedule, or `Players` of two of them.
    """
    if learning_rate is None:
        raise TypeError(f"{function}: learning_rate is None. Pass a number or a schedule.")
    if isinstance(learning_rate, Players):
        named = {f"learning_rate.{side}": x for side, x in learning_rate._asdict().items()}
    else:
        named = {"learning_rate": learning_rate}
    for argument, value in named.items():
        try:
            check_number(function, argument, value)
        except ValueError as error:
            raise ValueError(
                f"{error} Both players descend the field, so learning rates are never negative: "
                "`zero_sum` already flips the sign for the max player."
            ) from None
    return learning_rate


def check_floats(function: str, argument: str, tree: PyTree) -> PyTree:
    """Returns `tree`, or raises an error if it has no leaves or one that is not a real float."""
    if is_placeholder(tree):
        return tree
    leaves = jax.tree_util.tree_leaves_with_path(tree, is_leaf=_is_missing)
    if not leaves:
        raise ValueError(
            f"{function}: {argument} has no leaves, got {tree!r}. Pass a pytree of float arrays."
        )
    for path, leaf in leaves:
        if _is_missing(leaf):
            continue
        dtype = jnp.result_type(leaf)
        if not jnp.issubdtype(dtype, jnp.floating):
            where = f"{argument}{jax.tree_util.keystr(path)}"
            _raise_if_complex(function, where, dtype)
            raise TypeError(
                f"{function}: {where} has dtype {dtype}, but leaves must be floating-point "
                "arrays. Convert it, or leave it out of the tree (optax.masked)."
            )
    return tree


def check_real(function: str, argument: str, tree: PyTree) -> PyTree:
    """Returns `tree`, or raises TypeError if it has a complex leaf."""
    for path, leaf in jax.tree_util.tree_leaves_with_path(tree):
        where = f"{argument}{jax.tree_util.keystr(path)}"
        _raise_if_complex(
            function, where, leaf.dtype if hasattr(leaf, "dtype") else jnp.result_type(leaf)
        )
    return tree


def _raise_if_complex(function: str, where: str, dtype: Any) -> None:
    # A method would move a complex leaf in the wrong direction: JAX's gradient of a real payoff is
    # the conjugate of the direction of ascent, and norms and inner products here are real.
    if jnp.issubdtype(dtype, jnp.complexfloating):
        raise TypeError(
            f"{function}: {where} has dtype {dtype}, but leaves must be real floating-point "
            "arrays. Pass the real and the imaginary part as two leaves."
        )


def check_match(function: str, updates: PyTree, params: PyTree) -> None:
    """Raises ValueError if `updates` and `params` have different tree structures.

    `params` may be None.
    """
    if params is not None:
        advice = "Pass the field at these params: updates = field_fn(params)."
        check_same_structure(function, {"updates": updates, "params": params}, advice)


def check_same_structure(function: str, trees: Mapping[str, PyTree], advice: str) -> None:
    """Raises ValueError if the trees, given by argument name, differ in structure."""
    structures = {
        name: jax.tree.structure(tree, is_leaf=lambda x: x is None) for name, tree in trees.items()
    }
    if len(set(structures.values())) > 1:
        listed = "\n".join(f"  {name}: {found}" for name, found in structures.items())
        raise ValueError(
            f"{function}: {' and '.join(trees)} must have the same tree structure, got\n"
            f"{listed}\n{advice}"
        )


def check_players(function: str, argument: str, value: Any) -> Players:
    """Returns `value`, or raises an error if it is not a `Players` of two float trees."""
    if is_placeholder(value):
        return value
    if not isinstance(value, Players):
        raise TypeError(
            f"{function}: {argument} must be Players(min=..., max=...), "
            f"got {type(value).__name__}. Wrap the trees of the two players."
        )
    for side, tree in zip(Players._fields, value, strict=True):
        check_floats(function, f"{argument}.{side}", tree)
    return value


def check_whole_players(function: str, argument: str, value: Any) -> Players:
    """Returns `value`, or raises an error if it is not a `Players` of two complete float trees.

    A tree is incomplete if `optax.masked` hides some of its leaves.
    """
    players = check_players(function, argument, value)
    nodes = jax.tree.leaves(players, is_leaf=_is_missing)
    if any(isinstance(node, optax.MaskedNode) for node in nodes):
        raise ValueError(
            f"{function}: optax.masked around it hides leaves that field_fn needs, because "
            f"{function} evaluates the field at the parameters of both players. Put optax.masked "
            "inside, around its own transformations (tx, min=, max=, transform=)."
        )
    return players


def check_params(function: str, params: PyTree | None, why: str) -> PyTree:
    """Returns `params`, or raises ValueError if it is None."""
    if params is None:
        raise ValueError(
            f"{function}: update needs params, because {why}. "
            "Call optimizer.update(updates, state, params)."
        )
    return params


def check_field_fn(
    function: str, updates: Any, params: Any, field_fn: Any
) -> tuple[Players, FieldFn]:
    """Returns `(params, field_fn)`, or raises an error if `update` cannot evaluate the field."""
    if params is None:
        raise ValueError(
            f"{function}: update needs params, the current players. "
            "Call optimizer.update(updates, state, players, field_fn=field_fn)."
        )
    if field_fn is None:
        raise ValueError(
            f"{function}: update needs field_fn= as a keyword, because it evaluates the field at "
            "other points. Call optimizer.update(updates, state, players, field_fn=field_fn)."
        )
    check_callable(function, "field_fn", field_fn)
    params = check_whole_players(function, "params", params)
    check_match(function, updates, params)
    return params, field_fn


def check_payoff_fn(function: str, payoff_fn: Any) -> PayoffFn:
    """Returns `payoff_fn`, or raises an error if it is None or not callable."""
    if payoff_fn is None:
        raise ValueError(
            f"{function}: update needs payoff_fn= as a keyword, because it compares payoffs. "
            "Call optimizer.update(..., payoff_fn=mm.payoff(payoff)) or "
            "mm.solve(..., payoff_fn=...)."
        )
    return check_callable(function, "payoff_fn", payoff_fn)


def check_key(function: str, key: jax.Array | None, why: str) -> jax.Array:
    """Returns `key`, or raises ValueError if it is None."""
    if key is None:
        raise ValueError(
            f"{function}: update needs key= as a keyword, because {why}. "
            "Call optimizer.update(..., key=key) or mm.solve(..., key=key)."
        )
    return key


def _is_missing(node: Any) -> bool:
    """Returns whether `node` stands for a missing leaf: None, or masked by Optax."""
    return node is None or isinstance(node, optax.MaskedNode)
