"""Extra-Adam: extragradient with the steps of Adam."""

import optax

from minmax_jax.optimizers._shared.late_adam import corrected_step
from minmax_jax.optimizers._shared.two_player import Transform, field_and_step
from minmax_jax.players import LearningRate
from minmax_jax.transforms.extragradient import extrapolate


def extra_adam(
    learning_rate: LearningRate,
    *,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
    moments: str = "twice",
    correction: str = "first",
    transform: Transform = None,
) -> optax.GradientTransformationExtraArgs:
    """Steps `z_{k+½} = z_k − η A(F(z_k))`, `z_{k+1} = z_k − η A(F(z_{k+½}))`, A Adam's step.

    Price: two field evaluations, at draws 0 and 1, the one passed in counted. The published
    PyTorch code is `extra_adam(rate, correction="last")`: moments and step count advance at
    both steps, and eps is added before the bias correction.

    Args:
      learning_rate: η: a number, a schedule of the update count, or `Players` of two.
      b1: decay of the first moment; GANs are commonly trained with 0.5 or 0.
      b2: decay of the second moment.
      eps: added to the root of the second moment.
      moments: "twice": they advance at the trial step and at the real one; "once": both
        steps start from the same moments, and those of the real step are kept.
      correction: "first": `m̂ / (√v̂ + eps)`, as Optax; "last": `m̂ √(1 − b2ᵗ) / (√v + eps)`.
      transform: as in `extragradient`.

    Returns:
      An Optax transformation of `Players`; `update` needs `params` and `field_fn=`.

    Raises:
      TypeError, ValueError: as `adam_gda`; for an unknown moments or correction; in
        `update`, when params or field_fn is missing.

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
    rule = corrected_step("extra_adam", b1, b2, eps, correction, amsgrad=False)
    on_field, step = field_and_step("extra_adam", rule, learning_rate, transform)
    return extrapolate(step, moments=moments, transform=on_field, name="extra_adam")
