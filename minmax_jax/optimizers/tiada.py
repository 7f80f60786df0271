"""TiAda, whose step sizes adapt to the time scales of both players."""

from typing import Any

import optax

from minmax_jax._util import calls, checks
from minmax_jax._util.types import Players
from minmax_jax.optimizers._shared.adam import check_adam
from minmax_jax.optimizers._shared.two_player import Projection, Transform, field_and_step
from minmax_jax.players import LearningRate
from minmax_jax.transforms.tiada import scale_by_tiada


def tiada(
    learning_rate: LearningRate,
    *,
    variant: str = "coordinate",
    min_power: Any = 0.6,
    max_power: Any = 0.4,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-10,
    eps_root: float = 0.0,
    transform: Transform = None,
    projection: Projection = None,
) -> optax.GradientTransformationExtraArgs:
    """TiAda, adaptive gradient descent–ascent for nonconvex–strongly-concave games.

    AdaGrad can diverge there, unless the learning rate of the max player is large enough
    compared with the min player's. TiAda slows the min player down while the max player's
    gradients are larger. Let g = (g_x, g_y) be the players' gradients, v_x and v_y the sums of
    ‖g_x‖² and ‖g_y‖² over all updates including this one, and α, β = `min_power`,
    `max_power`. With `variant="scalar"`, as in the paper:

        x⁺ = x − η_x g_x / (max(v_x, v_y)^α + eps)
        y⁺ = y + η_y g_y / (v_y^β + eps)

    With `variant="coordinate"`, as in the authors' code, each coordinate has its own sum s of
    squares:

        x⁺ = x − η_x v_x^α / max(v_x^α, v_y^α) · g_x / (s_x^α + eps)
        y⁺ = y + η_y g_y / (s_y^β + eps)

    With `variant="adam"` (TiAda-Adam), g and s in these formulas are Adam's moments: m̂ with bias
    correction, and s^α / √(1 − b2ᵗ) in place of s^α. v_x and v_y are the sums of the
    players' second moments without bias correction. The authors use eps = 1e-8 there.

    **Cost.** One field evaluation per update, the one passed in. The state contains a copy of
    the parameters in float32 or wider, two for `"adam"`, and none for `"scalar"`.

    **Verification.** The tests compare the iterates of all variants with the formulas in NumPy,
    and show convergence on the paper's quadratic game, where AdaGrad diverges. The iterates of
    `"coordinate"` and `"adam"` equal those of the authors' PyTorch code for 100 updates of a
    nonlinear game, up to a relative difference of 5e-13.

    Args:
      learning_rate: Learning rate η: a number, a schedule of the update count, or `Players`
        of two. The authors use 0.01.
      variant: Accumulators: `"coordinate"`, `"scalar"` or `"adam"`.
      min_power: Power α in [0, 1]. The theory asks for 1/2 < α < 1.
      max_power: Power β in [0, 1]. The theory asks for 0 < β < 1/2.
      b1: Decay rate of the first moment, for `"adam"`.
      b2: Decay rate of the second moment, for `"adam"`.
      eps: Term added to the denominator.
      eps_root: Term added to s, or to v in the scalar variant, before the power is taken. With
        0, updates have no derivatives at zero gradients.
      transform: Transformation applied to the field before the optimizer, for example weight
        decay or clipping, or `Players` of two transformations.
      projection: Projection onto the constraint set, applied to the new parameters: a
        function of one player's parameters, or `Players` of two functions or None.

    Returns:
      A gradient transformation for `Players`. With a `projection`, its `update` requires
      `params`.

    Raises:
      TypeError: If `learning_rate` is not a number or schedule, another number is not a number,
        `transform` is not an Optax gradient transformation, or `projection` is not callable.
      ValueError: If `learning_rate`, `eps` or `eps_root` is negative or not finite, a power is
        not in [0, 1], `b1` or `b2` is not in [0, 1), or `variant` is unknown.

    Examples:
      f(x, y) = −y²/2 + 2xy − 2x² has the same value at all best responses y = 2x. AdaGrad with
      equal learning rates diverges, and TiAda converges to such a point:

      >>> import optax
      >>> import minmax_jax as mm
      >>> field_fn = mm.zero_sum(lambda z: -(z.max**2) / 2 + 2 * z.min * z.max - 2 * z.min**2)
      >>> adagrad = optax.adagrad(0.2, initial_accumulator_value=0.0)
      >>> for tx in (mm.per_player(min=adagrad, max=adagrad), mm.tiada(0.2)):
      ...     z = mm.solve(tx, field_fn, mm.Players(1.0, 0.01), 1000).players
      ...     print(bool(abs(2 * z.min - z.max) < 1e-3))
      False
      True

    References:
      Li, Yang, He, `TiAda: a time-scale adaptive algorithm for nonconvex minimax optimization
      <https://arxiv.org/abs/2210.17478>`_, 2023, Algorithm 1 (number not checked).
    """
    name = "tiada"
    powers = Players(
        checks.check_number(name, "min_power", min_power, high=1.0, schedule=False),
        checks.check_number(name, "max_power", max_power, high=1.0, schedule=False),
    )
    check_adam(name, b1, b2, eps, eps_root)
    on_field, step = field_and_step(name, optax.identity(), learning_rate, transform, projection)
    rule = scale_by_tiada(variant, powers, b1=b1, b2=b2, eps=eps, eps_root=eps_root, name=name)
    return calls.chain(name, on_field, rule, step)
