"""Optimistic gradient descent–ascent."""

from typing import Any

import optax

from minmax_jax.optimizers._shared.two_player import Transform, two_player
from minmax_jax.players import LearningRate
from minmax_jax.transforms.optimistic import add_optimism


def optimistic_gda(
    learning_rate: LearningRate,
    *,
    weight: Any = 1.0,
    previous: str = "first",
    transform: Transform = None,
) -> optax.GradientTransformationExtraArgs:
    """Steps `z_{k+1} = z_k − η (F(z_k) + w (F(z_k) − F(z_{k−1})))`; w = 1: `2F_k − F_{k−1}`.

    On f = xy with w = 1 and η < 1/2 the distance shrinks like √((1 + √(1 − 4η²)) / 2) a
    step. With `mm.project` in `transform` it is the forward–reflected–backward method.
    Price: the one field evaluation that is passed in.

    Args:
      learning_rate: η: a number, a schedule of the update count, or `Players` of two.
      weight: w, a number or a schedule.
      previous: "first": F(z_{−1}) = F(z_0), as Optax; "zero": F(z_{−1}) = 0, which doubles
        the first step and makes these the trial points of `past_extragradient`.
      transform: as in `sgda`.

    Returns:
      An Optax transformation of `Players`; of another tree, as of one player.

    Raises:
      TypeError, ValueError: as `sgda`; for a weight or `previous` out of range.

    Examples:
      >>> import minmax_jax as mm
      >>> field_fn = mm.zero_sum(lambda z: z.min * z.max)
      >>> result = mm.solve(mm.optimistic_gda(0.3), field_fn, mm.Players(1.0, 1.0), 400)
      >>> bool(result.players.min**2 + result.players.max**2 < 1e-6)
      True

    References:
      Daskalakis, Ilyas, Syrgkanis, Zeng, `Training GANs with optimism
      <https://arxiv.org/abs/1711.00141>`_, 2018.
      Malitsky, Tam, `A forward-backward splitting method for monotone inclusions without
      cocoercivity <https://arxiv.org/abs/1808.04162>`_, 2020.
    """
    rule = add_optimism(weight, previous=previous, name="optimistic_gda")
    return two_player("optimistic_gda", rule, learning_rate, transform)
