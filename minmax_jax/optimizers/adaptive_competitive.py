"""Adaptive competitive gradient descent."""

import optax

from minmax_jax._util import checks
from minmax_jax.optimizers._shared.two_player import Transform, field_and_step, projections
from minmax_jax.players import LearningRate
from minmax_jax.transforms.competitive import Adapt, step_to_equilibrium

CORRECTIONS = ("first", "last")


def adaptive_competitive(
    learning_rate: LearningRate,
    *,
    b2: float = 0.99,
    eps: float = 1e-5,
    correction: str = "first",
    solver: str = "cg",
    tolerance: float = 1e-6,
    max_iterations: int = 100,
    warm_start: bool = True,
    transform: Transform = None,
) -> optax.GradientTransformationExtraArgs:
    """Steps `z⁺ = z − (R⁻¹ + J°)⁻¹ F(z)`: `competitive` with a rate for each parameter.

    R is the diagonal of `η / (√v̂ + eps)`, v̂ the bias-corrected running mean of F², as in
    Adam without first moment, and J° the Jacobian of F without its diagonal blocks. For x,
    with R = (A_x, A_y):

        x⁺ = x − A_x^½ (1 + A_x^½ D_xy A_y D_yx A_x^½)⁻¹ A_x^½ (∇_x f + D_xy A_y ∇_y f)

    Systems, state and price are those of `competitive`. The published code is
    `adaptive_competitive(1e-4, correction="last")` with b2 and eps as here, except that it
    solves for the two players in turn.

    Args:
      learning_rate: η: a number, a schedule of the update count, or `Players` of two.
      b2: decay of the second moment.
      eps: added to its root.
      correction: "first": `√(v / (1 − b2ᵗ)) + eps`, as Optax; "last": `√v + eps`, and the
        rate times √(1 − b2ᵗ).
      solver: as in `competitive`.
      tolerance: as in `competitive`.
      max_iterations: as in `competitive`.
      warm_start: as in `competitive`.
      transform: as in `competitive`; its field is what the second moment sees.

    Returns:
      An Optax transformation of `Players`; `update` needs `params` and `field_fn=`.

    Raises:
      TypeError, ValueError: as `competitive`; for a b2 out of [0, 1], a negative eps or an
        unknown correction.

    Examples:
      >>> import minmax_jax as mm
      >>> field_fn = mm.zero_sum(lambda z: z.min * z.max)
      >>> optimizer = mm.adaptive_competitive(0.1)
      >>> result = mm.solve(optimizer, field_fn, mm.Players(1.0, 1.0), 2000)
      >>> bool(result.players.min**2 + result.players.max**2 < 1e-6)
      True

    References:
      Schäfer, Zheng, Anandkumar, `Implicit competitive regularization in GANs
      <https://arxiv.org/abs/1910.05852>`_, 2020.
    """
    name = "adaptive_competitive"
    checks.check_learning_rate(name, learning_rate)
    checks.check_number(name, "b2", b2, high=1.0)
    checks.check_number(name, "eps", eps)
    checks.check_choice(name, "correction", correction, CORRECTIONS)
    on_field, _ = field_and_step(name, optax.identity(), learning_rate, transform)
    step = step_to_equilibrium(
        learning_rate,
        solver=solver,
        tolerance=tolerance,
        max_iterations=max_iterations,
        warm_start=warm_start,
        adapt=Adapt(b2, eps, correction),
        transform=on_field,
        name=name,
    )
    return optax.chain(step, projections(name, transform))
