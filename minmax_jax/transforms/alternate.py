"""Alternating play: one player answers what the other has just done."""

from typing import Any, NamedTuple

import optax

from minmax_jax._util import calls, checks
from minmax_jax._util.types import FieldFn, Players, transformation


class AlternateState(NamedTuple):
    """State of `alternate`.

    Attributes:
      min: state of the min player's transformation.
      max: state of the max player's transformation.
    """

    min: Any
    max: Any


def alternate(
    *,
    min: optax.GradientTransformation,
    max: optax.GradientTransformation,
    max_steps: int = 1,
    first: str = "max",
) -> optax.GradientTransformationExtraArgs:
    """Lets the players move in turn, each seeing where the other has gone.

    With F = (F_x, F_y), X and Y the steps that `min` and `max` make of a field, and k =
    `max_steps`; `first="max"`, as GANs are usually trained:

        y_{i+1} = y_i + Y(F_y(x, y_i)),  i = 0 … k−1    draws 0 … k−1
        x⁺ = x + X(F_x(x, y_k))                         draw k

    `first="min"`: x moves on draw 0, then y takes its k steps at (x⁺, y_i) on draws 1 … k.
    The schedules of `min` and `max` count their own calls, k in an update for `max`.

    Price: k + 1 field evaluations an update, the one passed in counted; each for one
    player only, and the other player's half is dead code to XLA. It compiles to what the
    loop written by hand compiles to.

    Args:
      min: any Optax transformation, for the min player.
      max: likewise for the max player.
      max_steps: steps of the max player in one update.
      first: which player moves first, "max" or "min".

    Returns:
      A transformation of `Players`; `update` needs `params` and `field_fn=`.

    Raises:
      TypeError: if a side is no transformation or `max_steps` no int.
      ValueError: for `max_steps` below 1 or an unknown `first`; in `update`, when params or
        field_fn is missing, or under `optax.masked`.

    Examples:
      On f = xy simultaneous descent–ascent spirals out by 1 + η² a step; in turns its
      orbit stays bounded (Gidel et al., 2019).

      >>> import optax
      >>> import minmax_jax as mm
      >>> field_fn = mm.zero_sum(lambda z: z.min * z.max)
      >>> tx = mm.alternate(min=optax.sgd(0.5), max=optax.sgd(0.5))
      >>> result = mm.solve(tx, field_fn, mm.Players(1.0, 0.0), 1000)
      >>> bool(result.players.min**2 + result.players.max**2 < 2.0)
      True

    References:
      Goodfellow et al., `Generative adversarial nets <https://arxiv.org/abs/1406.2661>`_,
      2014, Algorithm 1.
      Gidel et al., `Negative momentum for improved game dynamics
      <https://arxiv.org/abs/1807.04740>`_, 2019, Theorem 5.
    """
    for side, tx in (("min", min), ("max", max)):
        checks.check_transformation("alternate", side, tx)
    checks.check_count("alternate", "max_steps", max_steps)
    checks.check_choice("alternate", "first", first, Players._fields)
    min_tx, max_tx = optax.with_extra_args_support(min), optax.with_extra_args_support(max)

    def init_fn(params: Players) -> AlternateState:
        checks.check_whole_players("alternate", "params", params)
        return AlternateState(min=min_tx.init(params.min), max=max_tx.init(params.max))

    def update_fn(
        updates: Players,
        state: AlternateState,
        params: Players | None = None,
        *,
        field_fn: FieldFn | None = None,
        **extra: Any,
    ) -> tuple[Players, AlternateState]:
        checks.check_field_fn("alternate", updates, params, field_fn)
        assert params is not None and field_fn is not None  # for the type checker
        x, y = params
        x_step: Any = None
        y_step: Any = None
        x_state, y_state = state
        if first == "min":
            x_step, x_state = min_tx.update(updates.min, x_state, x, **calls.inner_call(extra, 0))
            x = optax.apply_updates(x, x_step)
        for turn in range(max_steps):
            now = Players(x, y if y_step is None else optax.apply_updates(y, y_step))
            draw = turn + (first == "min")
            field = updates.max if draw == 0 else field_fn(now, draw).max
            step, y_state = max_tx.update(
                field, y_state, now.max, **calls.inner_call(extra, turn + 1)
            )
            y_step = step if y_step is None else optax.tree.add(y_step, step)
        if first == "max":
            field = field_fn(Players(x, optax.apply_updates(y, y_step)), max_steps).min
            x_step, x_state = min_tx.update(field, x_state, x, **calls.inner_call(extra, 0))
        return Players(x_step, y_step), AlternateState(min=x_state, max=y_state)

    return transformation(init_fn, update_fn)
