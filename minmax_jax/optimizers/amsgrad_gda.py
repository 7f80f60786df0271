"""AMSGrad for both players at the same time."""

import optax

from minmax_jax.optimizers._shared.adam import check_adam, in_float32
from minmax_jax.optimizers._shared.two_player import Projection, Transform, two_player
from minmax_jax.players import LearningRate


def amsgrad_gda(
    learning_rate: LearningRate,
    *,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
    transform: Transform = None,
    projection: Projection = None,
) -> optax.GradientTransformationExtraArgs:
    """Simultaneous descent–ascent with AMSGrad.

    AMSGrad is Adam with a second moment that never decreases:

        z⁺ = z − η m̂ / (√v̂ + eps)

    where v̂ is the largest second moment so far. The maximum is taken over bias-corrected
    second moments, as in Optax. PyTorch takes it over uncorrected ones, which differs during
    the first updates.

    **Cost.** One field evaluation per update, the one passed in.

    Args:
      learning_rate: Learning rate η: a number, a schedule of the update count, or `Players`
        of two.
      b1: Decay rate of Adam's first moment.
      b2: Decay rate of Adam's second moment.
      eps: Constant added to the square root of Adam's second moment.
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
      ValueError: If `learning_rate` is negative, `b1` or `b2` is not in [0, 1], or `eps` is
        negative.

    Examples:
      >>> import minmax_jax as mm
      >>> field_fn = mm.zero_sum(lambda z: z.min**2 + z.min * z.max - z.max**2)
      >>> result = mm.solve(mm.amsgrad_gda(0.05), field_fn, mm.Players(1.0, 1.0), 500)
      >>> bool(abs(result.players.min) < 1e-2)
      True

    References:
      Reddi, Kale, Kumar, `On the convergence of Adam and beyond
      <https://arxiv.org/abs/1904.09237>`_, 2018.
    """
    check_adam("amsgrad_gda", b1, b2, eps)
    rule = in_float32(optax.scale_by_amsgrad(b1, b2, eps))
    return two_player("amsgrad_gda", rule, learning_rate, transform, projection)
