"""Adam for both players at once, the default of GAN training."""

import optax

from minmax_jax.optimizers._shared.adam import adam_step
from minmax_jax.optimizers._shared.two_player import Transform, two_player
from minmax_jax.players import LearningRate


def adam_gda(
    learning_rate: LearningRate,
    *,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
    transform: Transform = None,
) -> optax.GradientTransformationExtraArgs:
    """Steps `z⁺ = z − η m̂ / (√v̂ + eps)`, the moments those of the field F.

    Per player it is `optax.adam`. GANs are commonly trained with b1 = 0.5 or 0; the
    default is Optax's. Price: the one field evaluation that is passed in.

    Args:
      learning_rate: η: a number, a schedule of the update count, or `Players` of two.
      b1: decay of the first moment.
      b2: decay of the second moment.
      eps: added to the root of the second moment.
      transform: as in `sgda`; weight decay here is part of the field, as in plain Adam.

    Returns:
      An Optax transformation of `Players`; of another tree, as of one player.

    Raises:
      TypeError, ValueError: as `sgda`; ValueError for betas out of [0, 1].

    Examples:
      >>> import minmax_jax as mm
      >>> field_fn = mm.zero_sum(lambda z: z.min**2 + z.min * z.max - z.max**2)
      >>> result = mm.solve(mm.adam_gda(0.05), field_fn, mm.Players(1.0, 1.0), 500)
      >>> bool(abs(result.players.min) < 1e-2)
      True

    References:
      Kingma, Ba, `Adam: a method for stochastic optimization
      <https://arxiv.org/abs/1412.6980>`_, 2015.
    """
    return two_player("adam_gda", adam_step("adam_gda", b1, b2, eps), learning_rate, transform)
