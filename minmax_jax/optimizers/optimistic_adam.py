"""Optimistic Adam."""

from typing import Any

import optax

from minmax_jax._util import calls
from minmax_jax.optimizers._shared.adam import adam_step
from minmax_jax.optimizers._shared.two_player import Projection, Transform, two_player
from minmax_jax.players import LearningRate
from minmax_jax.transforms.optimistic import add_optimism


def optimistic_adam(
    learning_rate: LearningRate,
    *,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
    eps_root: float = 0.0,
    nesterov: bool = False,
    weight: Any = 1.0,
    previous: str = "first",
    transform: Transform = None,
    projection: Projection = None,
) -> optax.GradientTransformationExtraArgs:
    """Optimistic Adam: extrapolates Adam's step instead of the field.

    With Adam's step A_k = m̂_k / (√(v̂_k + eps_root) + eps), the update is

        z_{k+1} = z_k − η (A_k + w (A_k − A_{k−1}))

    With w = 1, this is the paper's −2η A_k + η A_{k−1} (not checked against the paper).
    Optax's `optimistic_adam_v2` is the same method with `nesterov=True` as the default.

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
      nesterov: Whether to use Nesterov momentum in Adam.
      weight: Weight w of the extrapolation: a number or a schedule of the update count.
      previous: Value of A_{−1}: `"first"` for A_0, as in Optax, or `"zero"`, which
        multiplies the first step by 1 + w.
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
      ValueError: If `learning_rate` is negative or not finite, `b1` or `b2` is not in [0, 1),
        `eps`, `eps_root` or `weight` is negative, or `previous` is unknown.

    Examples:
      >>> import minmax_jax as mm
      >>> field_fn = mm.zero_sum(lambda z: z.min * z.max)
      >>> tx = mm.optimistic_adam(0.005, b1=0.0, b2=0.99)
      >>> result = mm.solve(tx, field_fn, mm.Players(1.0, 1.0), 3000)
      >>> bool(result.players.min**2 + result.players.max**2 < 1e-3)
      True

    References:
      Daskalakis, Ilyas, Syrgkanis, Zeng, `Training GANs with optimism
      <https://arxiv.org/abs/1711.00141>`_, 2018, Algorithm 1.
    """
    rule = calls.chain(
        "optimistic_adam",
        adam_step("optimistic_adam", b1, b2, eps, eps_root=eps_root, nesterov=nesterov),
        add_optimism(weight, previous=previous, name="optimistic_adam"),
    )
    return two_player("optimistic_adam", rule, learning_rate, transform, projection)
