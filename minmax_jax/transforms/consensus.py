"""Consensus optimization: descend the field and its squared length together."""

from typing import Any, NamedTuple

import jax
import optax

from minmax_jax._util import calls, checks, trees
from minmax_jax._util.types import FieldFn, Players, transformation


class ConsensusState(NamedTuple):
    """State of `add_consensus`.

    Attributes:
      count: int32 scalar, the number of updates so far, at which a schedule of the weight
        is read.
    """

    count: jax.Array


def add_consensus(
    weight: Any, *, name: str = "add_consensus"
) -> optax.GradientTransformationExtraArgs:
    """Makes the direction `F(z) + γ Jᵀ(z) F(z)`, γ the weight and J the Jacobian of F.

    `Jᵀ F` is the gradient of `½‖F‖²`: both players also agree to shorten the field. On
    f = xy with rate η the squared distance shrinks by `(1 − ηγ)² + η²` a step. All is taken
    at z, at draw 0, the sample of the field that is passed in. With noise, `Jᵀ F` of one
    sample is a biased estimate of that of the mean, as in the paper.

    Price: one field evaluation and one vjp. F comes out of the linearisation at z, so the
    field that is passed in is dead code to XLA: place it first in a chain, with clipping,
    weight decay, Adam and the learning rate after it.

    Args:
      weight: γ: a number or a schedule of the update count. Zero passes F itself on.
      name: Name used in error messages.

    Returns:
      A transformation of `Players`; `update` needs `params` and `field_fn=`.

    Raises:
      TypeError, ValueError: for a weight that is negative or no number; in `update`, when
        params or field_fn is missing, or under `optax.masked`.

    Examples:
      On f = xy, where descent–ascent diverges:

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
    checks.check_number(name, "weight", weight)

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
        checks.check_field_fn(name, updates, params, field_fn)
        assert params is not None and field_fn is not None  # for the type checker
        field, transposed = jax.vjp(lambda z: field_fn(z, 0), params)
        (shortening,) = transposed(field)
        gamma = calls.value_at(weight, state.count if update_count is None else update_count)
        return jax.tree.map(
            lambda f, h: f + gamma.astype(f.dtype) * h, field, shortening
        ), ConsensusState(count=trees.increment(state.count))

    return transformation(init_fn, update_fn)
