"""Past extragradient, whose extrapolation step reuses the previous field."""

from typing import Any, NamedTuple

import jax
import optax

from minmax_jax._util import calls, checks, trees
from minmax_jax._util.types import FieldFn, Players, transformation

MOMENTS = ("twice", "once")


class PastState(NamedTuple):
    """State of `extrapolate_from_past`.

    Attributes:
      count: Number of updates so far (int32 scalar).
      previous_field: Transformed field at the last lookahead point. Zero before the first
        update.
      tx: State of `tx`.
      transform: State of `transform`.
    """

    count: jax.Array
    previous_field: Any
    tx: Any
    transform: Any


def extrapolate_from_past(
    tx: optax.GradientTransformation,
    moments: str = "twice",
    *,
    transform: optax.GradientTransformation | None = None,
    name: str = "extrapolate_from_past",
) -> optax.GradientTransformationExtraArgs:
    """Wraps an optimizer into the past extragradient method.

    The extrapolation step reuses the previous field (Popov, 1980). Let U be the step computed
    by `tx`, and z̄_0 = z_0:

        z̄_k = z_k + U(F(z̄_{k−1}))       # extrapolation step, no field evaluation
        z_{k+1} = z_k + U(F(z̄_k))       # update step

    `update` returns the step from z_k to z_{k+1}. Without constraints, and with U(F) = −η F, the
    lookahead points satisfy
    `z̄_{k+1} = z̄_k − 2η F(z̄_k) + η F(z̄_{k−1})`, which is optimistic gradient descent–ascent
    with a previous field of zero. Both steps start at z_k, so a `project` in `tx` keeps z_k and
    z̄_k feasible.

    **Cost.** One field evaluation per update, at z̄_k with sample index 1. The field passed in,
    evaluated at z_k, is not used. XLA removes its evaluation if one compiled function contains
    it and `update`.

    **Shared state.** With `moments="twice"`, both steps update the state of `tx`, as in published
    implementations. With `moments="once"`, only the update step updates it.
    The first update has no previous field and makes only the update step.

    Args:
      tx: Optimizer for both steps, including the learning rate. It receives `update_count=`.
      moments: How often the state of `tx` is updated: `"twice"` or `"once"`.
      transform: Transformation applied once to each evaluated field. As `params`, it receives
        the point at which the field was evaluated.
      name: Name used in error messages.

    Returns:
      A gradient transformation for `Players`. Its `update` requires `params` and the keyword
      argument `field_fn`.

    Raises:
      TypeError: If `tx` or `transform` is not an Optax gradient transformation.
      ValueError: If `moments` is unknown. In `update`, if params or field_fn is missing, or
        `optax.masked` hides parameters.

    Examples:
      On f = xy, gradient descent–ascent diverges, but past extragradient converges:

      >>> import optax
      >>> import minmax_jax as mm
      >>> field_fn = mm.zero_sum(lambda z: z.min * z.max)
      >>> tx = mm.extrapolate_from_past(optax.sgd(0.3))
      >>> result = mm.solve(tx, field_fn, mm.Players(1.0, 1.0), 300)
      >>> bool(result.players.min**2 + result.players.max**2 < 1e-6)
      True

    References:
      Popov, A modification of the Arrow–Hurwicz method for search of saddle points, 1980.
      Gidel et al., `A variational inequality perspective on generative adversarial networks
      <https://arxiv.org/abs/1802.10551>`_, 2019.
    """
    inner_tx = checks.check_transformation(name, "tx", tx)
    on_field = calls.on_field(name, transform)
    checks.check_choice(name, "moments", moments, MOMENTS)

    def init_fn(params: Players) -> PastState:
        checks.check_whole_players(name, "params", params)
        return PastState(
            count=trees.new_count(),
            previous_field=optax.tree.zeros_like(params),
            tx=inner_tx.init(params),
            transform=on_field.init(params),
        )

    def update_fn(
        updates: Players,
        state: PastState,
        params: Players | None = None,
        *,
        field_fn: FieldFn | None = None,
        **extra: Any,
    ) -> tuple[Players, PastState]:
        z, field_fn = checks.check_field_fn(name, updates, params, field_fn)
        checks.check_state(name, state, PastState, updates, "previous_field")
        inner = [calls.inner_call(extra, i, update_count=state.count) for i in range(3)]
        is_first = state.count == 0
        # This is the extrapolation step. The first update has no previous field, so it stays at z.
        step, advanced = inner_tx.update(state.previous_field, state.tx, z, **inner[0])
        step = trees.select(is_first, optax.tree.zeros_like(step), step)
        ahead = Players(*map(optax.apply_updates, z, step))
        # This is the update step.
        field, field_state = on_field.update(field_fn(ahead, 1), state.transform, ahead, **inner[1])
        before = trees.select(is_first, state.tx, advanced) if moments == "twice" else state.tx
        step, tx_state = inner_tx.update(field, before, z, **inner[2])
        return step, PastState(
            count=trees.increment(state.count),
            previous_field=jax.tree.map(
                lambda f, last: f.astype(last.dtype), field, state.previous_field
            ),
            tx=tx_state,
            transform=field_state,
        )

    return transformation(init_fn, update_fn)
