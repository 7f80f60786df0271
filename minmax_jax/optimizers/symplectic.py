"""Symplectic gradient adjustment."""

from typing import Any

import optax

from minmax_jax._util import calls
from minmax_jax.optimizers._shared.two_player import Projection, Transform, two_player
from minmax_jax.players import LearningRate
from minmax_jax.transforms.symplectic import add_symplectic


def symplectic(
    learning_rate: LearningRate,
    *,
    weight: Any = 1.0,
    align: bool = True,
    eps: float = 0.1,
    mean_over: str = "dimension",
    transform: Transform = None,
    projection: Projection = None,
) -> optax.GradientTransformationExtraArgs:
    """Symplectic gradient adjustment (SGA): counteracts the rotational part of the field.

    With the antisymmetric part A = ½(J − Jᵀ) of the Jacobian, the update is

        z⁺ = z − η (F + λ AᵀF)

    where λ is ± `weight`. In a potential game, where J is symmetric, and with weight 0, the
    method is `sgda`. The authors' notebook corresponds to
    `symplectic(learning_rate, mean_over="tensors", transform=optax.scale_by_rms(0.9))`.

    **Cost.** One field evaluation, one JVP and one VJP per update, all at z (sample index 0).

    Args:
      learning_rate: Learning rate η: a number, a schedule of the update count, or `Players`
        of two.
      weight: Absolute value of λ: a number or a schedule of the update count.
      align: Whether the sign of λ follows the alignment rule of `add_symplectic`. If False,
        λ is positive.
      eps: Constant in the alignment rule that favors a positive sign.
      mean_over: Divisor of the inner products in the alignment rule: `"dimension"` for the
        number of parameters, as in the paper, or `"tensors"`, as in the authors' notebook.
      transform: Transformation applied to the direction `F + λ AᵀF`, or `Players` of two
        transformations.
      projection: Projection onto the constraint set, applied to the new parameters: a
        function of one player's parameters, or `Players` of two functions or None.

    Returns:
      A gradient transformation for `Players`. Its `update` requires `params` and the keyword
      argument `field_fn`.

    Raises:
      TypeError: If `learning_rate` is not a number or schedule, `transform` is not an Optax
        gradient transformation, or `projection` is not callable.
      ValueError: If `learning_rate` is negative or not finite, `weight` or `eps` is negative, or
        `align` or `mean_over` is unknown; in `update`, if `params` or `field_fn` is missing.

    Examples:
      Gradient descent–ascent diverges on f(x, y) = xy; the adjusted method converges:

      >>> import minmax_jax as mm
      >>> field_fn = mm.zero_sum(lambda z: z.min * z.max)
      >>> result = mm.solve(mm.symplectic(0.5), field_fn, mm.Players(1.0, 1.0), 50)
      >>> bool(result.players.min**2 + result.players.max**2 < 1e-6)
      True

    References:
      Balduzzi, Racanière, Martens, Foerster, Tuyls, Graepel, `The mechanics of n-player
      differentiable games <https://arxiv.org/abs/1802.05642>`_, 2018.
    """
    step = two_player("symplectic", optax.identity(), learning_rate, transform, projection)
    adjustment = add_symplectic(weight, align, eps=eps, mean_over=mean_over, name="symplectic")
    return calls.chain("symplectic", adjustment, step)
