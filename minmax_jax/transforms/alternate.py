"""Alternating updates, in which each player uses the other's newest parameters."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import lax

from minmax_jax._util import calls, checks, trees
from minmax_jax._util.types import FieldFn, Players, PyTree, transformation


class AlternateState(NamedTuple):
    """State of `alternate`.

    Attributes:
      min: State of the min player's optimizer.
      max: State of the max player's optimizer.
    """

    min: Any
    max: Any


def alternate(
    *,
    min: optax.GradientTransformation,
    max: optax.GradientTransformation,
    max_steps: int = 1,
    first: str = "max",
    unroll: bool = True,
    name: str = "alternate",
) -> optax.GradientTransformationExtraArgs:
    """Updates the players one after the other, each with the other's newest parameters.

    Let F = (F_x, F_y) be the field, X and Y the steps computed by `min` and `max`, and
    k = `max_steps`. With `first="max"`, the usual order for GANs:

        y_{i+1} = y_i + Y(F_y(x, y_i)),  i = 0 … k−1    # sample indices 0 … k−1
        x⁺ = x + X(F_x(x, y_k))                         # sample index k

    With `first="min"`, x is updated first, with sample index 0. Then y takes its k steps at
    (x⁺, y_i) with sample indices 1 … k. Optax schedules in `min` and `max` count their own
    calls: k per update for `max`. Both receive the point at which their field was evaluated as
    the keyword argument `players`, which `regularize_lazily` uses.

    **Cost.** k + 1 field evaluations per update, including the one passed in. Each is needed
    for one player only, and XLA removes the other player's half. The update compiles to the
    same program as a hand-written loop.

    **In a chain.** Of the field passed in, only the half of the player that is updated first is
    used. Transformations before `alternate` affect only that half; place them in `min` and `max`.

    Args:
      min: Optimizer of the min player, any Optax transformation.
      max: Optimizer of the max player, any Optax transformation.
      max_steps: Number of steps of the max player per update.
      first: Player that is updated first, `"max"` or `"min"`.
      unroll: Whether the compiled program contains each of the k steps. With False, it contains
        the first step and a loop over the others, so its compile time does not grow with k.
        Steps in the loop receive their sample index as an array, and the state of `max` must
        keep its shapes and dtypes.
      name: Name used in error messages.

    Returns:
      A gradient transformation for `Players`. Its `update` requires `params` and the keyword
      argument `field_fn`.

    Raises:
      TypeError: If `min` or `max` is not an Optax gradient transformation, or `max_steps` is
        not an int.
      ValueError: If `max_steps` is less than 1, or `first` or `unroll` is unknown. In `update`,
        if params or field_fn is missing, or `optax.masked` hides parameters.

    Examples:
      On f = xy, simultaneous gradient descent–ascent diverges: each update multiplies
      the squared norm by 1 + η². With alternating updates it stays bounded (Gidel et al., 2019).

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
    min_tx = checks.check_transformation(name, "min", min)
    max_tx = checks.check_transformation(name, "max", max)
    max_steps = checks.check_count(name, "max_steps", max_steps)
    checks.check_choice(name, "first", first, Players._fields)
    checks.check_choice(name, "unroll", unroll, (True, False))

    def init_fn(params: Players) -> AlternateState:
        x, y = trees.sides(checks.check_whole_players(name, "params", params))
        return AlternateState(min=min_tx.init(x), max=max_tx.init(y))

    def update_max(
        players: Players, state: Any, field: PyTree, field_fn: FieldFn, draw: int, extra: Any
    ) -> tuple[PyTree, Any]:
        """Returns the sum of the max player's `max_steps` steps, and its new optimizer state.

        `field` is the max player's field at `players`, evaluated with sample index `draw`.
        """
        x, y = players
        inner = calls.of_side(calls.inner_call(extra, 1, players=players), 1, players, field)
        step, state = max_tx.update(field, state, y, **inner)

        def next_step(done: tuple[PyTree, Any], i: Any) -> tuple[PyTree, Any]:
            step, state = done
            now = Players(x, optax.apply_updates(y, step))
            field = field_fn(now, draw + i).max
            inner = calls.of_side(calls.inner_call(extra, i + 1, players=now), 1, now, field)
            more, state = max_tx.update(field, state, now.max, **inner)
            return optax.tree.add(step, more), state

        if unroll or max_steps == 2:  # A loop over one step has no advantage.
            for i in range(1, max_steps):
                step, state = next_step((step, state), i)
        elif max_steps > 2:
            first_step = jax.tree.map(jnp.asarray, (step, state))
            rest = jnp.arange(1, max_steps, dtype=jnp.int32)
            (step, state), _ = lax.scan(lambda z, i: (next_step(z, i), None), first_step, rest)
        return step, state

    def update_fn(
        updates: Players,
        state: AlternateState,
        params: Players | None = None,
        *,
        field_fn: FieldFn | None = None,
        **extra: Any,
    ) -> tuple[Players, AlternateState]:
        (x, y), field_fn = checks.check_field_fn(name, updates, params, field_fn)
        checks.check_state(name, state, AlternateState)
        if first == "min":
            inner = calls.inner_call(extra, 0, players=Players(x, y))
            inner = calls.of_side(inner, 0, Players(x, y), updates.min)
            x_step, min_state = min_tx.update(updates.min, state.min, x, **inner)
            now = Players(optax.apply_updates(x, x_step), y)
            field = field_fn(now, 1).max
            y_step, max_state = update_max(now, state.max, field, field_fn, 1, extra)
        else:
            y_step, max_state = update_max(
                Players(x, y), state.max, updates.max, field_fn, 0, extra
            )
            now = Players(x, optax.apply_updates(y, y_step))
            field = field_fn(now, max_steps).min
            inner = calls.of_side(calls.inner_call(extra, 0, players=now), 0, now, field)
            x_step, min_state = min_tx.update(field, state.min, x, **inner)
        return Players(x_step, y_step), AlternateState(min=min_state, max=max_state)

    return transformation(init_fn, update_fn)
