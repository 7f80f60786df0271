"""Smoothed gradient descent–ascent, with one or two smoothed players."""

from typing import Any

import optax

from minmax_jax._util import checks
from minmax_jax._util.types import Players
from minmax_jax.optimizers._shared.two_player import Projection, Transform, two_sides
from minmax_jax.players import LearningRate
from minmax_jax.transforms.alternate import alternate
from minmax_jax.transforms.smooth import smooth


def smoothed_gda(
    learning_rate: LearningRate,
    *,
    strength: Any = 1.0,
    rate: Any = 0.1,
    max_strength: Any = 0.0,
    max_rate: Any = 0.1,
    transform: Transform = None,
    projection: Projection = None,
) -> optax.GradientTransformationExtraArgs:
    """Smoothed alternating gradient descent–ascent (smoothed AGDA), for nonconvex–concave games.

    The min player descends the payoff plus a proximal term p/2 ‖x − s‖² around a center s, which
    follows x slowly. With s_0 = x_0 and projections P and Q:

        x⁺ = P(x − η_x (∇ₓf(x, y) + p (x − s)))
        y⁺ = Q(y + η_y (∇ᵧf(x⁺, y) − r (y − v)))
        s⁺ = s + β (x⁺ − s)
        v⁺ = v + μ (y⁺ − v)

    With r > 0 (`max_strength`), both players are smoothed: doubly smoothed gradient
    descent–ascent (DS-GDA). With r = 0, the default, v is not used. With p = r = 0, the method is
    alternating gradient descent–ascent. The theory asks for p above the Lipschitz constant L of
    the gradient, η_x < 1/(p + L) and a small β.

    **Cost.** Two field evaluations per update (sample indices 0 and 1), including the one
    passed in. Each is needed for one player only, and XLA removes the other player's half. The
    state contains a copy of the parameters of each smoothed player.

    **Verification.** The tests compare the iterates on f = xy with powers of the matrices of
    (x, y, s) and (x, y, s, v). The update order was read in the authors' code. The conditions of
    the theory were not checked against the paper.

    Args:
      learning_rate: Learning rate η: a number, a schedule of the update count, or `Players`
        of two.
      strength: Weight p of the min player's proximal term: a number of at least 0 or a schedule
        of the update count.
      rate: Averaging rate β in [0, 1] of the min player's center: a number or a schedule.
      max_strength: Weight r of the max player's proximal term, or 0 for none: a number or a
        schedule.
      max_rate: Averaging rate μ in [0, 1] of the max player's center: a number or a schedule.
      transform: Transformation applied to every field, before the proximal term is added, for
        example weight decay or clipping, or `Players` of two transformations.
      projection: Projection onto the constraint set, applied to the new parameters: a function
        of one player's parameters, or `Players` of two functions or None.

    Returns:
      A gradient transformation for `Players`. Its `update` requires `params` and the keyword
      argument `field_fn`.

    Raises:
      TypeError: If `learning_rate`, a strength or an averaging rate is not a number or schedule,
        `transform` is not an Optax gradient transformation, or `projection` is not callable.
      ValueError: If `learning_rate` or a strength is negative or not finite, or an averaging rate
        is not in [0, 1]; in `update`, if `params` or `field_fn` is missing.

    Examples:
      On f(x, y) = xy, alternating gradient descent–ascent circles around the solution; with a
      smoothed min player it converges:

      >>> import minmax_jax as mm
      >>> field_fn = mm.zero_sum(lambda z: z.min * z.max)
      >>> optimizer = mm.smoothed_gda(0.3, rate=0.3)
      >>> result = mm.solve(optimizer, field_fn, mm.Players(1.0, 1.0), 500)
      >>> bool(result.players.min**2 + result.players.max**2 < 1e-6)
      True

    References:
      Zhang, Xiao, Sun, Luo, `A single-loop smoothed gradient descent-ascent algorithm for
      nonconvex-concave min-max problems <https://arxiv.org/abs/2010.15768>`_, 2020, Algorithm 2
      (number not checked).

      Zheng, Zhu, So, Blanchet, Li, `Universal gradient descent ascent method for
      nonconvex-nonconcave minimax optimization <https://arxiv.org/abs/2212.12978>`_, 2023
      (doubly smoothed; not checked).
    """
    name = "smoothed_gda"
    strengths = Players(
        checks.check_number(name, "strength", strength),
        checks.check_number(name, "max_strength", max_strength),
    )
    rates = Players(
        checks.check_number(name, "rate", rate, high=1.0),
        checks.check_number(name, "max_rate", max_rate, high=1.0),
    )

    def around(strength: Any, rate: Any) -> Any:
        is_off = isinstance(strength, int | float) and strength == 0
        return None if is_off else lambda step: smooth(step, strength, rate, name=name)

    wrap = Players(*map(around, strengths, rates))
    sides = two_sides(name, learning_rate, transform, projection, wrap)
    return alternate(min=sides.min, max=sides.max, first="min", name=name)
