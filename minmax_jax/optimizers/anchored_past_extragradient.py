"""Past extragradient with an anchor: anchored Popov, and reflected gradient."""

import optax

from minmax_jax._util import checks
from minmax_jax.optimizers._shared.two_player import (
    Projection,
    Transform,
    field_and_step,
    project_players,
)
from minmax_jax.players import LearningRate
from minmax_jax.transforms.anchored_popov import extrapolate_from_past_anchored
from minmax_jax.transforms.anchored_reflection import reflect_anchored

VARIANTS = ("popov", "reflected")


def anchored_past_extragradient(
    learning_rate: LearningRate,
    *,
    variant: str = "popov",
    transform: Transform = None,
    projection: Projection = None,
) -> optax.GradientTransformationExtraArgs:
    """Past extragradient with a pull towards the initial point.

    Anchored methods reduce the norm of the field at the order 1/k, and these two evaluate the
    field once per update. **Anchored Popov** (`variant="popov"`) is, with β_k = 1/(k + 2),
    s_0 = η and F(w_{−1}) = 0:

        w_k = z_k + β_k (z_0 − z_k) − (1 − β_k) s_k F(w_{k−1})
        z_{k+1} = z_k + β_k (z_0 − z_k) − s_k F(w_k)
        s_{k+1} = s_k (1 − β_k² − M s_k²) β_{k+1} / ((1 − M s_k²)(1 − β_k) β_k)

    Here M s_0² = 1/3, which is M = 4L² for η = 1/(2√3 L). The step sizes decrease to a positive
    limit.

    **Anchored reflected gradient** (ARG, `variant="reflected"`) also handles constraints. With
    the projection P, z_1 = P(z_0 − η F(z_0)), and for k ≥ 1:

        w_k = 2z_k − z_{k−1} + (z_0 − z_k)/(k + 1) − (z_0 − z_{k−1})/k
        z_{k+1} = P(z_k + (z_0 − z_k)/(k + 1) − η F(w_k))

    The theory asks for η ≤ 1/(12L). Without constraints, it is
    `extrapolate_from_past(chain(sgd(η), anchor(1/(k + 1))), "once")`.

    **Cost.** One field evaluation per update, at w_k (sample index 1). The field passed in is not
    used; XLA removes its evaluation. The state contains two copies of the parameters.

    **Verification.** The tests compare the iterates of both variants with the formulas in NumPy
    on a matrix game, ARG with the composition above, and k ‖F(z_k)‖ on f = xy with its limit
    1/η for ARG, and its maximum 7.7 for the first variant. The formulas of the first variant
    agree with public code, which starts with F(w_{−1}) = F(z_0). A public summary of its
    paper has the same anchor weights and order of convergence, and the documentation of the VI
    library monviso has the formulas of ARG and its bound on η. Neither was checked against the
    papers.

    Args:
      learning_rate: Learning rate η: a number, a schedule of the update count, or `Players`
        of two. The first variant multiplies it by s_k/s_0.
      variant: `"popov"` or `"reflected"`.
      transform: Transformation applied to every field before the optimizer, for example weight
        decay or clipping, or `Players` of two transformations. As `params`, it receives w_k.
      projection: Projection onto the constraint set: a function of one player's parameters, or
        `Players` of two functions or None. It is applied to the new parameters, and in the
        first variant, whose theory is for games without constraints, to w_k.

    Returns:
      A gradient transformation for `Players`. Its `update` requires `params` and the keyword
      argument `field_fn`.

    Raises:
      TypeError: If `learning_rate` is not a number or schedule, `transform` is not an Optax
        gradient transformation, or `projection` is not callable.
      ValueError: If `learning_rate` is negative or not finite, or `variant` is unknown; in
        `update`, if `params` or `field_fn` is missing.

    Examples:
      On f(x, y) = xy, k ‖F(z_k)‖ stays bounded, while gradient descent–ascent diverges:

      >>> import minmax_jax as mm
      >>> field_fn = mm.zero_sum(lambda z: z.min * z.max)
      >>> optimizer = mm.anchored_past_extragradient(0.28)
      >>> result = mm.solve(optimizer, field_fn, mm.Players(1.0, 0.0), 1000)
      >>> bool(result.players.min**2 + result.players.max**2 < (8 / 1000) ** 2)
      True

    References:
      Tran-Dinh, Luo, `Halpern-type accelerated and splitting algorithms for monotone inclusions
      <https://arxiv.org/abs/2110.08150>`_, 2021 (anchored Popov; not checked).

      Cai, Zheng, `Accelerated single-call methods for constrained min-max optimization
      <https://arxiv.org/abs/2210.03096>`_, 2023 (ARG; not checked).
    """
    name = "anchored_past_extragradient"
    checks.check_choice(name, "variant", variant, VARIANTS)
    on_field, scale = field_and_step(name, optax.identity(), learning_rate, transform)
    method = extrapolate_from_past_anchored if variant == "popov" else reflect_anchored
    return method(scale, project_players(name, projection), transform=on_field, name=name)
