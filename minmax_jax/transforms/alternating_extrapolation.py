"""Alternating updates at extrapolated parameters of the other player."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from minmax_jax._util import calls, checks, trees
from minmax_jax._util.types import FieldFn, Players, PyTree, transformation


class AlternatingExtrapolationState(NamedTuple):
    """State of `alternate_extrapolated`.

    Attributes:
      min: State of the min player's optimizer.
      max: State of the max player's optimizer.
      offset: Difference between the extrapolated and the current parameters of the player that
        is updated second. None if its extrapolation is the Python number 1.
    """

    min: Any
    max: Any
    offset: Any


def alternate_extrapolated(
    *,
    min: optax.GradientTransformation,
    max: optax.GradientTransformation,
    extrapolation: Players,
    first: str = "min",
    name: str = "alternate_extrapolated",
) -> optax.GradientTransformationExtraArgs:
    """Updates the players one after the other, at extrapolated parameters of the other player.

    Let X and Y be the steps computed by `min` and `max`, and (γ, δ) = `extrapolation`. With
    `first="min"` and ỹ_0 = y_0:

        x⁺ = x + X(F_x(x, ỹ)),  x̃ = x + γ (x⁺ − x)
        y⁺ = y + Y(F_y(x̃, y)),  ỹ⁺ = y + δ (y⁺ − y)

    **Cost.** Two field evaluations per update, of which XLA removes the other player's half.
    They have the sample indices 0 (the field passed in) and 1 if the second player's
    extrapolation is the Python number 1. Otherwise the field passed in is not used, XLA removes
    its evaluation, and the sample indices are 1 and 2.

    Args:
      min: Optimizer of the min player, including the learning rate.
      max: Optimizer of the max player, including the learning rate.
      extrapolation: `Players` of γ and δ.
      first: Player that is updated first, `"min"` or `"max"`.
      name: Name used in error messages.

    Returns:
      A gradient transformation for `Players`. Its `update` requires `params` and the keyword
      argument `field_fn`.

    Raises:
      TypeError: If `min` or `max` is not an Optax gradient transformation.
      ValueError: If `first` is unknown. In `update`, if params or field_fn is missing, or
        `optax.masked` hides parameters.
    """
    min_tx = checks.check_transformation(name, "min", min)
    max_tx = checks.check_transformation(name, "max", max)
    checks.check_choice(name, "first", first, Players._fields)
    leader, follower = Players._fields if first == "min" else ("max", "min")
    sides = {"min": min_tx, "max": max_tx}
    ahead_of = extrapolation._asdict()
    is_plain = isinstance(ahead_of[follower], int | float) and ahead_of[follower] == 1

    def init_fn(params: Players) -> AlternatingExtrapolationState:
        x, y = trees.sides(checks.check_whole_players(name, "params", params))
        offset = None if is_plain else optax.tree.zeros_like(y if first == "min" else x)
        return AlternatingExtrapolationState(min=min_tx.init(x), max=max_tx.init(y), offset=offset)

    def update_fn(
        updates: Players,
        state: AlternatingExtrapolationState,
        params: Players | None = None,
        *,
        field_fn: FieldFn | None = None,
        **extra: Any,
    ) -> tuple[Players, AlternatingExtrapolationState]:
        players, field_fn = checks.check_field_fn(name, updates, params, field_fn)
        theirs = getattr(updates, follower)
        checks.check_state(name, state, AlternatingExtrapolationState, theirs, "offset")
        z = players._asdict()
        field, draw = updates, 0
        if not is_plain:
            seen = optax.apply_updates(z[follower], state.offset)
            field, draw = field_fn(Players(**{**z, follower: seen}), 1), 1

        def side(player: str, field: Players, call: int) -> tuple[PyTree, Any]:
            inner = calls.inner_call(extra, call)
            return sides[player].update(
                getattr(field, player), getattr(state, player), z[player], **inner
            )

        first_step, first_state = side(leader, field, 0)
        jump = _scaled(ahead_of[leader], first_step)
        seen = optax.apply_updates(z[leader], jump)
        second_step, second_state = side(
            follower, field_fn(Players(**{**z, leader: seen}), draw + 1), 1
        )
        offset = None
        if not is_plain:
            offset = _scaled(ahead_of[follower] - 1, second_step)
            offset = trees.cast_like(offset, state.offset)
        steps = {leader: first_step, follower: second_step}
        states = {leader: first_state, follower: second_state}
        return Players(**steps), AlternatingExtrapolationState(**states, offset=offset)

    return transformation(init_fn, update_fn)


def _scaled(factor: Any, step: PyTree) -> PyTree:
    return jax.tree.map(lambda u: jnp.asarray(factor).astype(u.dtype) * u, step)
