"""Optimistic Adam: Adam whose steps foresee the next."""

from typing import Any

import optax

from minmax_jax.optimizers._shared.adam import adam_step
from minmax_jax.optimizers._shared.two_player import Transform, two_player
from minmax_jax.players import LearningRate
from minmax_jax.transforms.optimistic import add_optimism


def optimistic_adam(
    learning_rate: LearningRate,
    *,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
    nesterov: bool = False,
    weight: Any = 1.0,
    previous: str = "first",
    transform: Transform = None,
) -> optax.GradientTransformationExtraArgs:
    """Steps `z_{k+1} = z_k − η (A_k + w (A_k − A_{k−1}))`, A_k Adam's step of the fields so far.

    With w = 1 the paper's `−2η m̂_k/(√v̂_k + eps) + η m̂_{k−1}/(√v̂_{k−1} + eps)` (recalled):
    the step is optimistic, not the field. Optax's `optimistic_adam_v2` is the same with Nesterov's
    momentum as its default. Price: the one field evaluation that is passed in.

    Args:
      learning_rate: η: a number, a schedule of the update count, or `Players` of two.
      b1: decay of Adam's first moment.
      b2: decay of Adam's second moment.
      eps: added to the root of Adam's second moment.
      nesterov: whether Adam's momentum is Nesterov's, as by default in Optax.
      weight: w, a number or a schedule.
      previous: "first": A_{−1} = A_0, as Optax; "zero": A_{−1} = 0, a doubled first step.
      transform: as in `sgda`.

    Returns:
      An Optax transformation of `Players`; of another tree, as of one player.

    Raises:
      TypeError, ValueError: as `adam_gda`; for a weight or `previous` out of range.

    Examples:
      >>> import minmax_jax as mm
      >>> field_fn = mm.zero_sum(lambda z: z.min * z.max)
      >>> tx = mm.optimistic_adam(0.005, b1=0.0, b2=0.99)
      >>> result = mm.solve(tx, field_fn, mm.Players(1.0, 1.0), 3000)
      >>> bool(result.players.min**2 + result.players.max**2 < 1e-3)
      True

    References:
      Daskalakis, Ilyas, Syrgkanis, Zeng, `Training GANs with optimism
      <https://arxiv.org/abs/1711.00141>`_, 2018, Algorithm 1.
    """
    rule = optax.chain(
        adam_step("optimistic_adam", b1, b2, eps, nesterov=nesterov),
        add_optimism(weight, previous=previous, name="optimistic_adam"),
    )
    return two_player("optimistic_adam", rule, learning_rate, transform)
