"""Bad input, in plain words: which function, which argument, what came, what to do."""

import math
from collections.abc import Collection
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax.core import Tracer

from minmax_jax._util.types import Players, PyTree

SCOPES = ("layer", "global")


def _is_gap(node: Any) -> bool:
    """Whether `node` stands for a leaf that is not there: `None`, or masked away."""
    return node is None or isinstance(node, optax.MaskedNode)


def check_choice(function: str, argument: str, value: Any, choices: Collection[Any]) -> None:
    """Raises ValueError unless `value` is one of `choices`."""
    if value not in choices:
        listed = " or ".join(repr(choice) for choice in choices)
        raise ValueError(f"{function}: {argument} must be {listed}, got {value!r}.")


def check_count(function: str, argument: str, value: Any, at_least: int = 1) -> None:
    """Raises unless `value` is an `int` of at least `at_least`."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(
            f"{function}: {argument} must be a Python int of at least {at_least}, got {value!r}; "
            "it fixes the shape of the compiled program and cannot be traced."
        )
    if value < at_least:
        raise ValueError(f"{function}: {argument} must be at least {at_least}, got {value}.")


def check_number(
    function: str, argument: str, value: Any, *, low: float = 0.0, high: float = math.inf
) -> None:
    """Raises unless a concrete `value` is a number in [low, high]; schedules and tracers pass."""
    if callable(value) or isinstance(value, Tracer):
        return
    if isinstance(value, bool | str) or jnp.ndim(value) != 0:
        raise TypeError(
            f"{function}: {argument} must be a number, a scalar array or a schedule "
            f"(a function of the update count), got {value!r}."
        )
    if not low <= float(value) <= high:  # NaN fails too
        bounds = f"at least {low:g}" if high == math.inf else f"between {low:g} and {high:g}"
        raise ValueError(f"{function}: {argument} must be {bounds}, got {value}.")


def check_transformation(function: str, argument: str, value: Any) -> None:
    """Raises TypeError unless `value` is an Optax gradient transformation."""
    if not isinstance(value, optax.GradientTransformation):
        raise TypeError(
            f"{function}: {argument} must be an Optax gradient transformation, got {value!r}."
        )


def check_learning_rate(function: str, learning_rate: Any) -> None:
    """Raises unless `learning_rate` is a rate or schedule, or `Players` of two of them."""
    if learning_rate is None:
        raise TypeError(f"{function}: learning_rate is None; pass a number or a schedule.")
    rates = learning_rate if isinstance(learning_rate, Players) else (learning_rate,)
    sides = [f"learning_rate.{side}" for side in Players._fields] if len(rates) > 1 else None
    for argument, rate in zip(sides or ["learning_rate"], rates, strict=True):
        try:
            check_number(function, argument, rate)
        except ValueError as error:
            raise ValueError(
                f"{error} Both players descend their own side of the field, so rates are never "
                "negative: the sign of the maximising player is in `zero_sum` already."
            ) from None


def check_floats(function: str, argument: str, tree: PyTree) -> None:
    """Raises if `tree` has no leaves at all, or one that is not a floating point array."""
    leaves = jax.tree_util.tree_leaves_with_path(tree, is_leaf=_is_gap)
    if not leaves:
        raise ValueError(
            f"{function}: {argument} has no leaves, got {tree!r}; pass a pytree of float arrays."
        )
    for path, leaf in leaves:
        if _is_gap(leaf):
            continue
        dtype = jnp.result_type(leaf)
        if not jnp.issubdtype(dtype, jnp.inexact):
            where = f"{argument}{jax.tree_util.keystr(path)}"
            raise TypeError(
                f"{function}: {where} has dtype {dtype}, but only floating point leaves can be "
                "moved; convert it, or leave it out of the tree (optax.masked)."
            )


def check_match(function: str, updates: PyTree, params: PyTree) -> None:
    """Raises unless `updates` has the tree structure of `params` (which may be None)."""
    if params is None:
        return
    trees = [jax.tree.structure(tree, is_leaf=lambda x: x is None) for tree in (updates, params)]
    if trees[0] != trees[1]:
        raise ValueError(
            f"{function}: updates and params must have the same tree structure, got\n"
            f"  updates: {trees[0]}\n  params:  {trees[1]}\n"
            "Pass the field at these params: updates = field_fn(params)."
        )


def check_players(function: str, argument: str, value: Any) -> None:
    """Raises unless `value` is a `Players` of two trees of floats."""
    if not isinstance(value, Players):
        raise TypeError(
            f"{function}: {argument} must be Players(min=..., max=...), "
            f"got {type(value).__name__}; wrap the two players' trees."
        )
    for side, tree in zip(Players._fields, value, strict=True):
        check_floats(function, f"{argument}.{side}", tree)


def check_oracle(method: str, updates: Any, players: Any, field_fn: Any) -> None:
    """Raises unless a method that calls `field_fn` has got all that it needs."""
    if players is None:
        raise ValueError(
            f"{method}: update needs params (the current players): "
            "optimizer.update(updates, state, players, field_fn=field_fn)."
        )
    if field_fn is None:
        raise ValueError(
            f"{method}: update needs field_fn= as a keyword, because it evaluates the field at "
            "other points: optimizer.update(updates, state, players, field_fn=field_fn)."
        )
    if not callable(field_fn):
        raise TypeError(f"{method}: field_fn must be callable, got {field_fn!r}.")
    check_players(method, "params", players)
    check_unmasked(method, players)
    check_match(method, updates, players)


def check_payoff(method: str, payoff_fn: Any) -> None:
    """Raises unless a method that compares values has got the payoff."""
    if payoff_fn is None:
        raise ValueError(
            f"{method}: update needs payoff_fn= as a keyword, because it compares payoffs: "
            "optimizer.update(..., payoff_fn=mm.payoff(payoff)), or mm.solve(..., payoff_fn=...)."
        )
    if not callable(payoff_fn):
        raise TypeError(f"{method}: payoff_fn must be callable, got {payoff_fn!r}.")


def check_key(method: str, key: Any, why: str) -> None:
    """Raises ValueError if a method that draws at random has got no key."""
    if key is None:
        raise ValueError(
            f"{method}: update needs key= as a keyword, because {why}: "
            "optimizer.update(..., key=key), or mm.solve(..., key=key)."
        )


def check_unmasked(method: str, players: PyTree) -> None:
    """Raises if `optax.masked` took leaves away from a method that needs whole players."""
    nodes = jax.tree.leaves(players, is_leaf=_is_gap)
    if any(isinstance(node, optax.MaskedNode) for node in nodes):
        raise ValueError(
            f"{method}: optax.masked around it hides leaves that field_fn needs, since {method} "
            "evaluates the field at whole players; put optax.masked inside, around its own "
            "transformations (tx, min=, max=, transform=)."
        )
