"""Consensus optimization, which adds the gradient of half the squared field norm."""

from typing import Any, NamedTuple

import jax
import optax

from minmax_jax._util import calls, checks, trees
from minmax_jax._util.types import FieldFn, Players, transformation


class ConsensusState(NamedTuple):
    """State of `add_consensus`.

    Attributes:
      count: Number of updates so far (int32 scalar): the argument of a weight schedule, unless
        `update` receives `update_count=`.
    """

    count: jax.Array


def add_consensus(
    weight: Any, *, name: str = "add_consensus"
) -> optax.GradientTransformationExtraArgs:
    """Adds the consensus term to the field: `F(z) + γ Jᵀ(z) F(z)`.

    J is the Jacobian of F and γ = `weight`. `Jᵀ F` is the gradient of `½‖F‖²`, so both players
    also reduce the norm of the field. On f = xy with learning rate η, the squared distance
    to the solution shrinks by the factor `(1 − ηγ)² + η²` per step.

    All terms are evaluated at z with sample index 0, the sample of the field that is passed in.
    With noise, `Jᵀ F` of one sample is a biased estimate of the mean's `Jᵀ F`, as in the paper.

    **Cost.** One field evaluation and one VJP. F is a by-product of the VJP, so the field passed
    in is not used, and XLA removes its evaluation. Transformations before `add_consensus` have no
    effect: place it first in a chain, before clipping, weight decay, Adam and the learning rate.

    Args:
      weight: Weight γ: a nonnegative number or a schedule of the update count. With zero, the
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
      On f = xy, gradient descent–ascent diverges, but it converges with the consensus term:

      >>> import optax
      >>> import minmax_jax as mm
      >>> field_fn = mm.zero_sum(lambda z: z.min * z.max)
      >>> tx = optax.chain(mm.add_consensus(1.0), optax.sgd(0.5))
      >>> result = mm.solve(tx, field_fn, mm.Players(1.0, 1.0), 50)
      >>> bool(result.players.min**2 + result.players.max**2 < 1e-6)
      True

    References:
      Mescheder, Nowozin, Geiger, `The numerics of GANs <https://arxiv.org/abs/1705.10461>`_,
      2017.
    """
    weight = checks.check_number(name, "weight", weight)

    def init_fn(params: Players) -> ConsensusState:
        checks.check_whole_players(name, "params", params)
        return ConsensusState(count=trees.new_count())

    def update_fn(
        updates: Players,
        state: ConsensusState,
        params: Players | None = None,
        *,
        field_fn: FieldFn | None = None,
        update_count: jax.Array | None = None,
        **extra: Any,
    ) -> tuple[Players, ConsensusState]:
        del extra
        players, field_of = checks.check_field_fn(name, updates, params, field_fn)
        checks.check_state(name, state, ConsensusState)
        field, transposed = jax.vjp(lambda z: field_of(z, 0), players)
        (consensus,) = transposed(field)
        gamma = calls.value_at(weight, state.count if update_count is None else update_count)
        direction = jax.tree.map(lambda f, c: f + gamma.astype(f.dtype) * c, field, consensus)
        return direction, ConsensusState(count=trees.increment(state.count))

    return transformation(init_fn, update_fn)
