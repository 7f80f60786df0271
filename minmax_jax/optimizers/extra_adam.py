"""Extra-Adam, the extragradient method with Adam steps."""

import optax

from minmax_jax.optimizers._shared.late_adam import corrected_step
from minmax_jax.optimizers._shared.two_player import Projection, Transform, field_and_step
from minmax_jax.players import LearningRate
from minmax_jax.transforms.extragradient import extrapolate


def extra_adam(
    learning_rate: LearningRate,
    *,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
    eps_root: float = 0.0,
    moments: str = "twice",
    correction: str = "first",
    transform: Transform = None,
    projection: Projection = None,
) -> optax.GradientTransformationExtraArgs:
    """The extragradient method with Adam steps.

    With Adam's step A(F) at learning rate one, the update is

        z_{k+½} = z_k − η A(F(z_k))
        z_{k+1} = z_k − η A(F(z_{k+½}))

    The published PyTorch code corresponds to `extra_adam(learning_rate, correction="last")`:
    both steps update the moments and step counts, and eps is added before bias correction.

    **Cost.** Two field evaluations per update (sample indices 0 and 1), including the one
    passed in.

    **Range.** Moments are stored in the dtype of the parameters, in float32 for float16. In
    float32, gradients have to be smaller than 1.8e19: the square of a larger one is infinite, and
    its parameter stops moving. Squares of gradients below 4e-18 may underflow, which changes the
    step by a relative 4e-18 / `eps` at most. Derivatives of an update at a zero gradient are NaN
    unless `eps_root` is positive.

    Args:
      learning_rate: Learning rate η: a number, a schedule of the update count, or `Players`
        of two.
      b1: Decay rate of Adam's first moment. GANs are commonly trained with 0.5 or 0.
      b2: Decay rate of Adam's second moment.
      eps: Constant added to the square root of Adam's second moment.
      eps_root: Constant added to Adam's second moment inside the square root, as in
        `optax.adam`.
      moments: How often the moments and step counts are updated. With `"twice"`, both steps
        update them. With `"once"`, both steps start from the same moments, and only those of
        the update step are kept.
      correction: Order of eps and bias correction: `"first"` for
        `m̂ / (√(v̂ + eps_root) + eps)`, as in Optax, or `"last"` for
        `m̂ √(1 − b2ᵗ) / (√(v + eps_root) + eps)`.
      transform: Transformation applied to every field before the optimizer, for example
        weight decay or clipping, or `Players` of two transformations. As `params`, it
        receives the point at which the field was evaluated.
      projection: Projection onto the constraint set, applied to the lookahead point and to
        the new parameters: a function of one player's parameters, or `Players` of two
        functions or None.

    Returns:
      A gradient transformation for `Players`. Its `update` requires `params` and the keyword
      argument `field_fn`.

    Raises:
      TypeError: If `learning_rate` is not a number or schedule, `transform` is not an Optax
        gradient transformation, or `projection` is not callable.
      ValueError: If `learning_rate` is negative or not finite, `b1` or `b2` is not in [0, 1),
        `eps` or `eps_root` is negative, or `moments` or `correction` is unknown; in `update`, if
        `params` or `field_fn` is missing.

    Examples:
      >>> import minmax_jax as mm
      >>> field_fn = mm.zero_sum(lambda z: z.min * z.max)
      >>> tx = mm.extra_adam(0.02, b1=0.0, b2=0.99)
      >>> result = mm.solve(tx, field_fn, mm.Players(1.0, 1.0), 3000)
      >>> bool(result.players.min**2 + result.players.max**2 < 1e-3)
      True

    References:
      Gidel, Berard, Vignoud, Vincent, Lacoste-Julien, `A variational inequality perspective
      on generative adversarial networks <https://arxiv.org/abs/1802.10551>`_, 2019.
    """
    rule = corrected_step("extra_adam", b1, b2, eps, eps_root, correction, amsgrad=False)
    on_field, step = field_and_step("extra_adam", rule, learning_rate, transform, projection)
    return extrapolate(step, moments=moments, transform=on_field, name="extra_adam")
