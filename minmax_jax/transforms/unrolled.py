"""Unrolling: the min player differentiates through the max player's next steps."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from minmax_jax._util import calls as _calls
from minmax_jax._util import checks, trees
from minmax_jax._util.types import FieldFn, PayoffFn, Players, PyTree, transformation


class UnrolledState(NamedTuple):
    """State of `unrolled`.

    Attributes:
      count: int32 scalar, the number of updates so far.
      min: state of the min player's transformation.
      max: state of the max player's transformation, after its real step.
    """

    count: jax.Array
    min: Any
    max: Any


def unrolled(
    *,
    min: optax.GradientTransformation,
    max: optax.GradientTransformation,
    num_steps: int,
    first: str | None = None,
) -> optax.GradientTransformationExtraArgs:
    """Lets the min player descend `f(x, y_k(x, y))`, y_k the max player's k-th step from y.

    With F = (F_x, F_y), X and Y the steps that `min` and `max` make of a field, k =
    `num_steps`, and y_k a function of x:

        y_0 = y;   y_{i+1} = y_i + Y(F_y(x, y_i)),  i = 0 … k−1    draws 0 … k−1
        x⁺ = x + X(d/dx f(x, y_k(x)))                              draw k
        y⁺ = y_1  (with k = 0, y + Y(F_y(x, y)) at draw 0)

    as in the paper: both players move at once, the max player by one plain step, the others
    being undone. k = 0 is exactly `per_player(min=min, max=max)`. With `first="max"` the max
    player moves before: y⁺ = y + Y(F_y(x, y)) at draw 0, then y_0 = y⁺, its k steps at draws
    1 … k and the min player at draw k + 1; k = 0 is then exactly `alternate(min=min,
    max=max)`. The states of all steps but the real one are undone as well.

    The total derivative is `∂_x f + (dy_k/dx)ᵀ ∂_y f`, by one vjp through the k steps, and
    through the rule `max` in them (Adam's root at a zero gradient has no derivative: set
    its `eps_root`). In a zero-sum game the partial derivatives at (x, y_k) are `(F_x, −F_y)`.
    In a general-sum game ∂_y of the min player's loss is no part of the field: pass
    `min_loss_fn=` to `update`. A field made by `mm.general_sum` is refused without; of a
    function of your own the method has to believe that it is zero-sum.

    Price: k + 1 field evaluations (k + 2 with `first="max"`) and k vjps; with `min_loss_fn`
    one gradient of it in place of the last field.

    Args:
      min: any Optax transformation, for the min player.
      max: likewise for the max player; it has to be differentiable.
      num_steps: k, the steps that the min player looks ahead.
      first: None, both at once, or "max".

    Returns:
      A transformation of `Players`; `update` needs `params` and `field_fn=`, and takes
      `min_loss_fn(players, draw)`, made by `mm.payoff` where it is averaged over devices.

    Raises:
      TypeError: if a side is no transformation or `num_steps` no int.
      ValueError: for a negative `num_steps` or an unknown `first`; in `update`, when params,
        field_fn or, in a general-sum game, min_loss_fn is missing, or under `optax.masked`.

    Examples:
      On f = xy, where descent–ascent diverges and alternating play does not converge:

      >>> import optax
      >>> import minmax_jax as mm
      >>> field_fn = mm.zero_sum(lambda z: z.min * z.max)
      >>> tx = mm.unrolled(min=optax.sgd(0.3), max=optax.sgd(0.3), num_steps=5)
      >>> result = mm.solve(tx, field_fn, mm.Players(1.0, 1.0), 100)
      >>> bool(result.players.min**2 + result.players.max**2 < 1e-6)
      True

    References:
      Metz, Poole, Pfau, Sohl-Dickstein, `Unrolled generative adversarial networks
      <https://arxiv.org/abs/1611.02163>`_, 2017.
    """
    for side, tx in (("min", min), ("max", max)):
        checks.check_transformation("unrolled", side, tx)
    checks.check_count("unrolled", "num_steps", num_steps, at_least=0)
    checks.check_choice("unrolled", "first", first, (None, "max"))
    min_tx, max_tx = optax.with_extra_args_support(min), optax.with_extra_args_support(max)

    def init_fn(params: Players) -> UnrolledState:
        checks.check_whole_players("unrolled", "params", params)
        return UnrolledState(
            count=trees.new_count(),
            min=min_tx.init(params.min),
            max=max_tx.init(params.max),
        )

    def update_fn(
        updates: Players,
        state: UnrolledState,
        params: Players | None = None,
        *,
        field_fn: FieldFn | None = None,
        min_loss_fn: PayoffFn | None = None,
        **extra: Any,
    ) -> tuple[Players, UnrolledState]:
        checks.check_field_fn("unrolled", updates, params, field_fn)
        assert params is not None and field_fn is not None  # for the type checker
        if num_steps:
            _check_loss(field_fn, min_loss_fn)
        x, y = jax.tree.map(jnp.asarray, params)
        calls = [
            _calls.inner_call(extra, i, update_count=state.count) for i in range(num_steps + 3)
        ]
        max_state, start, draw = state.max, y, 0
        step: Any = None
        if first == "max" or not num_steps:
            step, max_state = max_tx.update(updates.max, max_state, y, **calls[1])
        if first == "max":
            start, draw = optax.apply_updates(y, step), 1

        def look_ahead(x: PyTree) -> tuple[PyTree, Any]:
            """Returns y_k, and the first step with the state after it."""
            y_now, now, real = start, max_state, (step, max_state)
            for i in range(draw, draw + num_steps):
                field = field_fn(Players(x, y_now), i).max
                ahead, now = max_tx.update(field, now, y_now, **calls[i + 1])
                real = (ahead, now) if real[0] is None else real
                y_now = optax.apply_updates(y_now, ahead)
            return y_now, real

        if num_steps:
            end, pull, (step, max_state) = jax.vjp(look_ahead, x, has_aux=True)
            near, far = _partials(field_fn, min_loss_fn, Players(x, end), draw + num_steps)
            gradient = optax.tree.add(near, pull(far)[0])
        else:
            gradient = (field_fn(Players(x, start), 1) if first == "max" else updates).min
        x_step, min_state = min_tx.update(gradient, state.min, x, **calls[0])
        return Players(x_step, step), UnrolledState(
            count=trees.increment(state.count), min=min_state, max=max_state
        )

    return transformation(init_fn, update_fn)


def _partials(
    field_fn: FieldFn, min_loss_fn: PayoffFn | None, players: Players, draw: int
) -> Players:
    """Returns the gradients, in x and in y, of what the min player minimises."""
    if min_loss_fn is not None:
        return jax.grad(min_loss_fn)(players, draw)
    field = field_fn(players, draw)
    return Players(field.min, jax.tree.map(jnp.negative, field.max))


def _check_loss(field_fn: FieldFn, min_loss_fn: PayoffFn | None) -> None:
    if min_loss_fn is None and getattr(field_fn, "general_sum", False):
        raise ValueError(
            "unrolled: update needs min_loss_fn= in a general-sum game, since the field does not "
            "hold the gradient in y of the min player's loss: optimizer.update(updates, state, "
            "players, field_fn=field_fn, min_loss_fn=mm.payoff(min_loss))."
        )
    if min_loss_fn is not None and not callable(min_loss_fn):
        raise TypeError(f"unrolled: min_loss_fn must be callable, got {min_loss_fn!r}.")
