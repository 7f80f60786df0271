"""Extra-AMSGrad: extragradient with the steps of AMSGrad."""

import optax

from minmax_jax.optimizers._shared.late_adam import corrected_step
from minmax_jax.optimizers._shared.two_player import Transform, field_and_step
from minmax_jax.players import LearningRate
from minmax_jax.transforms.extragradient import extrapolate


def extra_amsgrad(
    learning_rate: LearningRate,
    *,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
    moments: str = "twice",
    correction: str = "first",
    transform: Transform = None,
) -> optax.GradientTransformationExtraArgs:
    """Steps `z_{k+½} = z_k − η A(F(z_k))`, `z_{k+1} = z_k − η A(F(z_{k+½}))`, A AMSGrad's step.

    Price: two field evaluations, at draws 0 and 1, the one passed in counted.

    Args:
      learning_rate: η: a number, a schedule of the update count, or `Players` of two.
      b1: decay of the first moment.
      b2: decay of the second moment.
      eps: added to the root of the largest second moment.
      moments: as in `extra_adam`.
      correction: "first": the maximum is taken over bias-corrected second moments, as Optax
        does; "last": over the uncorrected ones, and eps is added before the correction, as in
        the published PyTorch code. They differ while the correction lasts.
      transform: as in `extragradient`.

    Returns:
      An Optax transformation of `Players`; `update` needs `params` and `field_fn=`.

    Raises:
      TypeError, ValueError: as `extra_adam`.

    Examples:
      >>> import minmax_jax as mm
      >>> field_fn = mm.zero_sum(lambda z: z.min * z.max)
      >>> result = mm.solve(mm.extra_amsgrad(0.2, b1=0.0), field_fn, mm.Players(1.0, 1.0), 1000)
      >>> bool(result.players.min**2 + result.players.max**2 < 1e-6)
      True

    References:
      Gidel et al., `A variational inequality perspective on generative adversarial networks
      <https://arxiv.org/abs/1802.10551>`_, 2019.
      Reddi, Kale, Kumar, `On the convergence of Adam and beyond
      <https://arxiv.org/abs/1904.09237>`_, 2018.
    """
    rule = corrected_step("extra_amsgrad", b1, b2, eps, correction, amsgrad=True)
    on_field, step = field_and_step("extra_amsgrad", rule, learning_rate, transform)
    return extrapolate(step, moments=moments, transform=on_field, name="extra_amsgrad")
