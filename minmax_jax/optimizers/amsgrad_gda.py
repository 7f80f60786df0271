"""AMSGrad for both players at once: Adam whose second moment never falls."""

import optax

from minmax_jax._util import checks
from minmax_jax.optimizers._shared.two_player import Transform, two_player
from minmax_jax.players import LearningRate


def amsgrad_gda(
    learning_rate: LearningRate,
    *,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
    transform: Transform = None,
) -> optax.GradientTransformationExtraArgs:
    """Steps `z⁺ = z − η m̂ / (√v̂ + eps)` with `v̂` the largest second moment so far.

    The maximum is taken over bias-corrected second moments, as Optax does; PyTorch takes it
    over the uncorrected ones, which differs while the correction lasts.
    Price: the one field evaluation that is passed in.

    Args:
      learning_rate: η: a number, a schedule of the update count, or `Players` of two.
      b1: decay of the first moment.
      b2: decay of the second moment.
      eps: added to the root of the second moment.
      transform: as in `sgda`.

    Returns:
      An Optax transformation of `Players`; of another tree, as of one player.

    Raises:
      TypeError, ValueError: as `adam_gda`.

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
    for argument, value in (("b1", b1), ("b2", b2)):
        checks.check_number("amsgrad_gda", argument, value, high=1.0)
    checks.check_number("amsgrad_gda", "eps", eps)
    return two_player("amsgrad_gda", optax.scale_by_amsgrad(b1, b2, eps), learning_rate, transform)
