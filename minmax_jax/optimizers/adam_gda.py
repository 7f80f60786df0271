"""Adam for both players at the same time, the default method of GAN training."""

import optax

from minmax_jax.optimizers._shared.adam import adam_step
from minmax_jax.optimizers._shared.two_player import Projection, Transform, two_player
from minmax_jax.players import LearningRate


def adam_gda(
    learning_rate: LearningRate,
    *,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
    eps_root: float = 0.0,
    transform: Transform = None,
    projection: Projection = None,
) -> optax.GradientTransformationExtraArgs:
    """Simultaneous descent–ascent with Adam.

    Each player is updated by `optax.adam` on its side of the field F:

        z⁺ = z − η m̂ / (√(v̂ + eps_root) + eps)

    where m̂ and v̂ are the bias-corrected moments of F. GANs are commonly trained with
    b1 = 0.5 or 0; the default is Optax's.

    **Cost.** One field evaluation per update, the one passed in.

    **Range.** Moments are stored in the dtype of the parameters, in float32 for float16. In
    float32, gradients have to be smaller than 1.8e19: the square of a larger one is infinite, and
    its parameter stops moving. Squares of gradients below 4e-18 may underflow, which changes the
    step by a relative 4e-18 / `eps` at most. Derivatives of an update at a zero gradient are NaN
    unless `eps_root` is positive.

    Args:
      learning_rate: Learning rate η: a number, a schedule of the update count, or `Players`
        of two.
      b1: Decay rate of Adam's first moment.
      b2: Decay rate of Adam's second moment.
      eps: Constant added to the square root of Adam's second moment.
      eps_root: Constant added to Adam's second moment inside the square root, as in
        `optax.adam`.
      transform: Transformation applied to the field before the optimizer, for example weight
        decay or clipping, or `Players` of two transformations. Weight decay here enters
        Adam's moments; it is not decoupled as in AdamW.
      projection: Projection onto the constraint set, applied to the new parameters: a
        function of one player's parameters, or `Players` of two functions or None.

    Returns:
      A gradient transformation for `Players`. Any other pytree is treated as one player. With
      a `projection`, its `update` requires `params`.

    Raises:
      TypeError: If `learning_rate` is not a number or schedule, `transform` is not an Optax
        gradient transformation, or `projection` is not callable.
      ValueError: If `learning_rate` is negative or not finite, `b1` or `b2` is not in [0, 1), or
        `eps` or `eps_root` is negative.

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
    rule = adam_step("adam_gda", b1, b2, eps, eps_root=eps_root)
    return two_player("adam_gda", rule, learning_rate, transform, projection)
