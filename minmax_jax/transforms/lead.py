"""The coupling term of LEAD, which predicts the opponent's effect."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from minmax_jax._util import calls, checks, trees
from minmax_jax._util.types import FieldFn, Players, transformation


class LeadState(NamedTuple):
    """State of `add_lead`.

    Attributes:
      count: Number of updates so far (int32 scalar): the argument of a weight schedule, unless
        `update` receives `update_count=`.
      previous: Parameters z_{k−1} before the last update. Initially, z_0.
    """

    count: jax.Array
    previous: Any


def add_lead(weight: Any, *, name: str = "add_lead") -> optax.GradientTransformationExtraArgs:
    """Adds the coupling term of LEAD to the field: `F(z_k) + w J°(z_k) (z_k − z_{k−1})`.

    J° are the off-diagonal blocks of the Jacobian of F: the block ∂F_x/∂y multiplies the last
    step of y, and the block ∂F_y/∂x the last step of x. The term predicts how the last step
    of the opponent changes a player's own field, without effects of the player's own step. In a
    zero-sum game it is a force across the direction of motion, as on a charge in a magnetic field.

    On bilinear games, J° (z_k − z_{k−1}) is the last change of the field, so that with w = 1
    the result is that of `add_optimism`. In the first update the term is zero.

    **Cost.** One field evaluation, and one JVP of each player's field along the opponent's last
    step, all at z_k with sample index 0. The field passed in is not used, and XLA removes its
    evaluation. Transformations before `add_lead` have no effect: place it first in a chain,
    before clipping, weight decay, Adam and the learning rate. The state contains a copy of the
    parameters.

    **Verification.** The tests compare the term with dense linear algebra, and on bilinear games
    with `add_optimism`. See `lead` for the method and its authors' code.

    Args:
      weight: Weight w: a nonnegative number or a schedule of the update count. With zero, the
        result is F.
      name: Name used in error messages.

    Returns:
      A gradient transformation for `Players`. Its `update` requires `params` and the keyword
      argument `field_fn`.

    Raises:
      TypeError: If `weight` is not a number or a schedule.
      ValueError: If `weight` is negative. In `update`, if params or field_fn is missing, or
        `optax.masked` hides parameters.

    Examples:
      On f = xy, gradient descent–ascent diverges, but it converges with the coupling term:

      >>> import optax
      >>> import minmax_jax as mm
      >>> field_fn = mm.zero_sum(lambda z: z.min * z.max)
      >>> tx = optax.chain(mm.add_lead(1.0), optax.sgd(0.4))
      >>> result = mm.solve(tx, field_fn, mm.Players(1.0, 1.0), 300)
      >>> bool(result.players.min**2 + result.players.max**2 < 1e-6)
      True

    References:
      Askari Hemmat, Mitra, Lajoie, Mitliagkas, `LEAD: Min-max optimization from a physical
      perspective <https://arxiv.org/abs/2010.13846>`_, 2023.
    """
    weight = checks.check_number(name, "weight", weight)

    def init_fn(params: Players) -> LeadState:
        checks.check_whole_players(name, "params", params)
        # Copy the leaves: params and state may both be donated to a compiled step.
        return LeadState(count=trees.new_count(), previous=jax.tree.map(jnp.array, params))

    def update_fn(
        updates: Players,
        state: LeadState,
        params: Players | None = None,
        *,
        field_fn: FieldFn | None = None,
        update_count: jax.Array | None = None,
        **extra: Any,
    ) -> tuple[Players, LeadState]:
        del extra
        players, field_of = checks.check_field_fn(name, updates, params, field_fn)
        checks.check_state(name, state, LeadState, updates, "previous")
        z = jax.tree.map(jnp.asarray, players)
        last = jax.tree.map(lambda now, old: now - old.astype(now.dtype), z, state.previous)
        field = Players(
            *(
                jax.jvp(lambda y: field_of(Players(z.min, y), 0).min, (z.max,), (last.max,)),
                jax.jvp(lambda x: field_of(Players(x, z.max), 0).max, (z.min,), (last.min,)),
            )
        )
        w = calls.value_at(weight, state.count if update_count is None else update_count)
        direction = Players(
            *(jax.tree.map(lambda f, c: f + w.astype(f.dtype) * c, *side) for side in field)
        )
        return direction, LeadState(
            count=trees.increment(state.count), previous=trees.cast_like(z, state.previous)
        )

    return transformation(init_fn, update_fn)
