"""Consensus optimization."""

from typing import Any

import optax

from minmax_jax.optimizers._shared.two_player import Transform, two_player
from minmax_jax.players import LearningRate
from minmax_jax.transforms.consensus import add_consensus


def consensus(
    learning_rate: LearningRate, *, weight: Any = 1.0, transform: Transform = None
) -> optax.GradientTransformationExtraArgs:
    """Steps `z⁺ = z − η (F(z) + γ Jᵀ(z) F(z))`: descends the field and its length together.

    With γ = 0 it is `sgda`. A large γ makes every zero of the field attractive, wanted or
    not. The authors train GANs with RMSProp on this direction and γ = 10 (recalled):
    `consensus(rate, weight=10.0, transform=optax.scale_by_rms(0.9))`. Price: one field
    evaluation and one vjp, both at z and draw 0.

    Args:
      learning_rate: η: a number, a schedule of the update count, or `Players` of two.
      weight: γ, a number or a schedule of the update count.
      transform: as in `sgda`, applied to the whole direction `F + γ Jᵀ F`; `project` among
        them acts on the step.

    Returns:
      An Optax transformation of `Players`; `update` needs `params` and `field_fn=`.

    Raises:
      TypeError, ValueError: as `sgda`; for a weight that is negative or no number; in
        `update`, when params or field_fn is missing.

    Examples:
      >>> import minmax_jax as mm
      >>> field_fn = mm.zero_sum(lambda z: z.min * z.max)
      >>> result = mm.solve(mm.consensus(0.5), field_fn, mm.Players(1.0, 1.0), 50)
      >>> bool(result.players.min**2 + result.players.max**2 < 1e-6)
      True

    References:
      Mescheder, Nowozin, Geiger, `The numerics of GANs <https://arxiv.org/abs/1705.10461>`_,
      2017.
    """
    step = two_player("consensus", optax.identity(), learning_rate, transform)
    return optax.chain(add_consensus(weight, name="consensus"), step)
