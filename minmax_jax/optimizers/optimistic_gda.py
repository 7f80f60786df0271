"""Optimistic gradient descent–ascent."""

from typing import Any

import optax

from minmax_jax.optimizers._shared.two_player import Projection, Transform, two_player
from minmax_jax.players import LearningRate
from minmax_jax.transforms.optimistic import add_optimism


def optimistic_gda(
    learning_rate: LearningRate,
    *,
    weight: Any = 1.0,
    previous: str = "first",
    transform: Transform = None,
    projection: Projection = None,
) -> optax.GradientTransformationExtraArgs:
    """Optimistic gradient descent–ascent (OGDA).

    Each update extrapolates the next field from the last two:

        z_{k+1} = z_k − η (F(z_k) + w (F(z_k) − F(z_{k−1})))

    With w = 1, the direction is 2F(z_k) − F(z_{k−1}). On f(x, y) = xy with w = 1 and η < 1/2,
    the distance to the solution shrinks by about √((1 + √(1 − 4η²)) / 2) per update. With a
    `projection` P, w = 1 and constant η, this is the forward–reflected–backward method
    z_{k+1} = P(z_k − η (2F(z_k) − F(z_{k−1}))), which converges for monotone, L-Lipschitz fields if
    η < 1/(2L). On f(x, y) = xy, it converges if and only if η < 1/√3.

    **Cost.** One field evaluation per update, the one passed in.

    Args:
      learning_rate: Learning rate η: a number, a schedule of the update count, or `Players`
        of two.
      weight: Weight w of the extrapolation: a number or a schedule of the update count.
      previous: Value of F(z_{−1}): `"first"` for F(z_0), as in Optax, or `"zero"`. Zero
        multiplies the first step by 1 + w. With w = 1 and zero, the iterates are the lookahead
        points of `past_extragradient`.
      transform: Transformation applied to the field before the optimizer, for example weight
        decay or clipping, or `Players` of two transformations.
      projection: Projection onto the constraint set, applied to the new parameters: a
        function of one player's parameters, or `Players` of two functions or None.

    Returns:
      A gradient transformation for `Players`. Any other pytree is treated as one player. With
      a `projection`, its `update` requires `params`.

    Raises:
      TypeError: If `learning_rate` is not a number or schedule, `transform` is not an Optax
        gradient transformation, or `projection` is not callable.
      ValueError: If `learning_rate` is negative or not finite, `weight` is negative, or
        `previous` is unknown.

    Examples:
      Gradient descent–ascent diverges on f(x, y) = xy; the optimistic method converges:

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
    return two_player("optimistic_gda", rule, learning_rate, transform, projection)
