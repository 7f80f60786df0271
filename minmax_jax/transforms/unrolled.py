"""Unrolling, in which the min player differentiates through future max steps."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from minmax_jax._util import calls, checks, trees
from minmax_jax._util.types import FieldFn, PayoffFn, Players, PyTree, transformation


class UnrolledState(NamedTuple):
    """State of `unrolled`.

    Attributes:
      count: Number of updates so far (int32 scalar).
      min: State of the min player's optimizer.
      max: State of the max player's optimizer after the step that was kept.
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
    """Updates the min player against the parameters of the max player k steps ahead.

    The min player descends `f(x, y_k(x))`, where f is its loss (the payoff in a zero-sum game)
    and y_k(x) are the max player's parameters after k steps. Let F = (F_x, F_y) be the field,
    X and Y the steps computed by `min` and `max`, and k = `num_steps`:

        y_0 = y;   y_{i+1} = y_i + Y(F_y(x, y_i)),  i = 0 … k−1    # sample indices 0 … k−1
        x⁺ = x + X(d/dx f(x, y_k(x)))                              # sample index k
        y⁺ = y_1

    As in the paper, both players are updated at once. The max player keeps only the first of its
    k steps; the others and their optimizer states are discarded. With k = 0 the method is
    `per_player(min=min, max=max)`.

    With `first="max"`, the max player is updated first: y⁺ = y + Y(F_y(x, y)) with sample index
    0. The lookahead then starts at y_0 = y⁺ with sample indices 1 … k, and the min player uses
    sample index k + 1. With k = 0 the method is `alternate(min=min, max=max)`.

    The total derivative is `∂_x f + (dy_k/dx)ᵀ ∂_y f`. It is computed with one backward pass
    through the k steps (k VJPs of the field), including the optimizer `max`. (The square root in
    Adam has no derivative at a zero gradient; set Adam's `eps_root`.) In a zero-sum game, the
    partial derivatives at (x, y_k) are `(F_x, −F_y)`. In a general-sum game, the field does not
    contain ∂_y of the min player's loss, so `update` needs `min_loss_fn=`. Fields from
    `mm.general_sum` require it. A custom field function is assumed to be zero-sum.

    **Cost.** k + 1 field evaluations per update (k + 2 with `first="max"`) and k VJPs. With
    `min_loss_fn`, one gradient of it replaces the last field evaluation.

    **In a chain.** With `first=None` and k ≥ 1, the field passed in is not used, so
    transformations before `unrolled` have no effect; place them in `min` and `max`. With
    `first="max"`, only its max half is used, and it is one of the k + 2 evaluations.

    Args:
      min: Optimizer of the min player, any Optax transformation.
      max: Optimizer of the max player, any differentiable Optax transformation.
      num_steps: Number of steps k to look ahead.
      first: None to update both players at once, or `"max"`.

    Returns:
      A gradient transformation for `Players`. Its `update` requires `params` and the keyword
      argument `field_fn`, and accepts `min_loss_fn(players, draw)`, where `draw` is the sample
      index. On several devices, pass `mm.payoff(min_loss, axis_name=…)`, which averages the
      loss over them.

    Raises:
      TypeError: If `min` or `max` is not an Optax gradient transformation, or `num_steps` is not
        an int. In `update`, if `min_loss_fn` is not callable.
      ValueError: If `num_steps` is negative or `first` is unknown. In `update`, if params or
        field_fn is missing, if `min_loss_fn` is missing in a general-sum game, or if
        `optax.masked` hides parameters.

    Examples:
      On f = xy, gradient descent–ascent diverges and alternating updates do not converge, but
      unrolled updates do:

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
    min_tx = checks.check_transformation("unrolled", "min", min)
    max_tx = checks.check_transformation("unrolled", "max", max)
    num_steps = checks.check_count("unrolled", "num_steps", num_steps, at_least=0)
    checks.check_choice("unrolled", "first", first, (None, "max"))

    def init_fn(params: Players) -> UnrolledState:
        x, y = trees.sides(checks.check_whole_players("unrolled", "params", params))
        return UnrolledState(count=trees.new_count(), min=min_tx.init(x), max=max_tx.init(y))

    def update_fn(
        updates: Players,
        state: UnrolledState,
        params: Players | None = None,
        *,
        field_fn: FieldFn | None = None,
        min_loss_fn: PayoffFn | None = None,
        **extra: Any,
    ) -> tuple[Players, UnrolledState]:
        players, field_fn = checks.check_field_fn("unrolled", updates, params, field_fn)
        checks.check_state("unrolled", state, UnrolledState)
        if num_steps:
            min_loss_fn = _check_loss(field_fn, min_loss_fn)
        z = Players(*jax.tree.map(jnp.asarray, players))
        game = _Unrolling(max_tx, num_steps, field_fn, min_loss_fn, extra, state.count)
        if first == "max":
            y_step, max_state = game.max_step(updates.max, state.max, z.max, 0)
            ahead = Players(z.min, optax.apply_updates(z.max, y_step))
            gradient, _ = game.min_gradient(ahead, max_state, 1)
        elif num_steps:
            gradient, (y_step, max_state) = game.min_gradient(z, state.max, 0)
        else:
            y_step, max_state = game.max_step(updates.max, state.max, z.max, 0)
            gradient = updates.min
        inner = calls.inner_call(extra, 0, update_count=state.count)
        x_step, min_state = min_tx.update(gradient, state.min, z.min, **inner)
        return Players(x_step, y_step), UnrolledState(
            count=trees.increment(state.count), min=min_state, max=max_state
        )

    return transformation(init_fn, update_fn)


class _Unrolling(NamedTuple):
    """The max player's lookahead in one update, and the min player's gradient through it.

    Attributes:
      max_tx: Optimizer of the max player.
      num_steps: Number of lookahead steps.
      field_fn: Field function.
      min_loss_fn: Loss of the min player in a general-sum game, or None.
      extra: Extra arguments of `update`.
      count: Number of updates so far.
    """

    max_tx: Any
    num_steps: int
    field_fn: FieldFn
    min_loss_fn: PayoffFn | None
    extra: dict[str, Any]
    count: jax.Array

    def max_step(self, field: PyTree, state: Any, y: PyTree, index: int) -> tuple[PyTree, Any]:
        """Returns step `index` of the max player and the state after it."""
        inner = calls.inner_call(self.extra, index + 1, update_count=self.count)
        return self.max_tx.update(field, state, y, **inner)

    def min_gradient(self, start: Players, max_state: Any, draw: int) -> tuple[PyTree, Any]:
        """Returns the min player's gradient `d/dx f(x, y_k(x))`, and a pair or None.

        The pair contains the max player's first lookahead step and its optimizer state after that
        step. If `num_steps` is 0, there is no such step, and the second result is None. `draw` is
        the sample index of the first field evaluation.
        """
        if not self.num_steps:
            return self.field_fn(start, draw).min, None

        def look_ahead(x: PyTree) -> tuple[PyTree, list[Any]]:
            y, state, steps = start.max, max_state, []
            for i in range(draw, draw + self.num_steps):
                step, state = self.max_step(self.field_fn(Players(x, y), i).max, state, y, i)
                y = optax.apply_updates(y, step)
                steps.append((step, state))
            return y, steps[0]

        y, pull_back, first_step = jax.vjp(look_ahead, start.min, has_aux=True)
        partial = self._partials(Players(start.min, y), draw + self.num_steps)
        return optax.tree.add(partial.min, pull_back(partial.max)[0]), first_step

    def _partials(self, players: Players, draw: int) -> Players:
        """Returns the gradients of the min player's loss with respect to x and y."""
        if self.min_loss_fn is not None:
            return jax.grad(self.min_loss_fn)(players, draw)
        field = self.field_fn(players, draw)
        return Players(field.min, jax.tree.map(jnp.negative, field.max))


def _check_loss(field_fn: FieldFn, min_loss_fn: PayoffFn | None) -> PayoffFn | None:
    """Returns `min_loss_fn`, or raises an error if it is missing in a general-sum game."""
    if min_loss_fn is not None:
        return checks.check_game_function("unrolled", "min_loss_fn", min_loss_fn)
    if getattr(field_fn, "general_sum", False):
        raise ValueError(
            "unrolled: update needs min_loss_fn= in a general-sum game, because the field does "
            "not contain the gradient of the min player's loss with respect to the max player. "
            "Call optimizer.update(updates, state, players, field_fn=field_fn, "
            "min_loss_fn=mm.payoff(min_loss))."
        )
    return None
