"""The extragradient method, an extrapolation step followed by an update step."""

from typing import Any, NamedTuple

import jax
import optax

from minmax_jax._util import calls, checks, trees
from minmax_jax._util.types import FieldFn, Players, transformation

MOMENTS = ("twice", "once")


class ExtrapolateState(NamedTuple):
    """State of `extrapolate`.

    Attributes:
      count: Number of updates so far (int32 scalar).
      tx: State of `tx`. If `extrapolation_tx` is None, both steps share it.
      extrapolation: State of `extrapolation_tx`, or None if `tx` is used for both steps.
      transform: State of `transform`.
    """

    count: jax.Array
    tx: Any
    extrapolation: Any
    transform: Any


def extrapolate(
    tx: optax.GradientTransformation,
    extrapolation_tx: optax.GradientTransformation | None = None,
    moments: str = "twice",
    *,
    transform: optax.GradientTransformation | None = None,
    name: str = "extrapolate",
) -> optax.GradientTransformationExtraArgs:
    """Wraps an optimizer into the extragradient method.

    Each update consists of two steps that both start at the current parameters z_k:

        z_{k+½} = z_k + T(F(z_k))        # extrapolation step
        z_{k+1} = z_k + U(F(z_{k+½}))    # update step

    Here F is the game's vector field, and T and U are the steps computed by
    `extrapolation_tx` and `tx`. The first field is the `updates` argument of `update` (sample
    index 0); the second is evaluated with sample index 1.

    **Cost.** Two field evaluations per update, including the one passed in.

    **Shared state.** If `extrapolation_tx` is None, `tx` is used for both steps. With
    `moments="twice"`, its state (for example, Adam's moments and step count) is updated by
    both steps, as in the authors' code. With `moments="once"`, both steps start from the same
    state, and only the state after the update step is kept. `moments` has no effect if
    `extrapolation_tx` is given.

    **Learning rate schedules.** This library's optimizers count one update per call of
    `update`. An Optax schedule inside `tx` counts every call of `tx`, so two per update if both
    steps share `tx`.

    **Constraints.** Both steps receive z_k as `params`. A `minmax_jax.project` in `tx` therefore
    yields projected extragradient, with feasible lookahead points.

    To average the lookahead points, pass `extrapolation_tx=minmax_jax.average(tx)`.

    Args:
      tx: Optimizer for the update step, including the learning rate. It does not receive
        `field_fn`.
      extrapolation_tx: Optimizer for the extrapolation step. Defaults to `tx`.
      moments: How often a shared optimizer state is updated: `"twice"` or `"once"`.
      transform: Transformation applied to each field before the optimizer, for example weight
        decay or clipping. As `params`, it receives the point at which the field was evaluated.
      name: Name used in error messages.

    Returns:
      A gradient transformation for `Players`. Its `update` requires `params` and the keyword
      argument `field_fn`.

    Raises:
      TypeError: If `tx`, `extrapolation_tx` or `transform` is not an Optax gradient
        transformation.
      ValueError: If `moments` is unknown. In `update`, if params or field_fn is missing, or
        `optax.masked` hides parameters.

    Examples:
      On f = xy, gradient descent–ascent diverges, but extragradient converges:

      >>> import optax
      >>> import minmax_jax as mm
      >>> field_fn = mm.zero_sum(lambda z: z.min * z.max)
      >>> tx = mm.extrapolate(optax.sgd(0.5))
      >>> result = mm.solve(tx, field_fn, mm.Players(1.0, 1.0), 200)
      >>> bool(result.players.min**2 + result.players.max**2 < 1e-6)
      True

    References:
      Korpelevich, The extragradient method for finding saddle points and other problems, 1976.
      Gidel, Berard, Vignoud, Vincent, Lacoste-Julien, `A variational inequality perspective
      on generative adversarial networks <https://arxiv.org/abs/1802.10551>`_, 2019.
    """
    shared = extrapolation_tx is None
    update_tx = checks.check_transformation(name, "tx", tx)
    first_tx = checks.check_transformation(
        name, "extrapolation_tx", tx if shared else extrapolation_tx
    )
    checks.check_choice(name, "moments", moments, MOMENTS)
    on_field = calls.on_field(name, transform)

    def init_fn(params: Players) -> ExtrapolateState:
        checks.check_whole_players(name, "params", params)
        return ExtrapolateState(
            count=trees.new_count(),
            tx=update_tx.init(params),
            extrapolation=None if shared else first_tx.init(params),
            transform=on_field.init(params),
        )

    def update_fn(
        updates: Players,
        state: ExtrapolateState,
        params: Players | None = None,
        *,
        field_fn: FieldFn | None = None,
        **extra: Any,
    ) -> tuple[Players, ExtrapolateState]:
        z, field_fn = checks.check_field_fn(name, updates, params, field_fn)
        checks.check_state(name, state, ExtrapolateState)
        inner = [calls.inner_call(extra, i, update_count=state.count) for i in range(4)]
        # The extrapolation step.
        field, field_state = on_field.update(updates, state.transform, z, **inner[0])
        before = state.tx if shared else state.extrapolation
        step, first_state = first_tx.update(field, before, z, **inner[1])
        ahead = Players(*map(optax.apply_updates, z, step))
        # The update step.
        field, field_state = on_field.update(field_fn(ahead, 1), field_state, ahead, **inner[2])
        before = first_state if shared and moments == "twice" else state.tx
        step, tx_state = update_tx.update(field, before, z, **inner[3])
        return step, ExtrapolateState(
            count=trees.increment(state.count),
            tx=tx_state,
            extrapolation=None if shared else first_state,
            transform=field_state,
        )

    return transformation(init_fn, update_fn)
