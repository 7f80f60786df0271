"""Adaptive competitive gradient descent."""

import optax

from minmax_jax._util import calls, checks
from minmax_jax.optimizers._shared.adam import check_adam
from minmax_jax.optimizers._shared.two_player import (
    Projection,
    Transform,
    field_and_step,
    project_players,
)
from minmax_jax.players import LearningRate
from minmax_jax.transforms.competitive import AdaptiveLearningRates, step_to_equilibrium

CORRECTIONS = ("first", "last")


def adaptive_competitive(
    learning_rate: LearningRate,
    *,
    b2: float = 0.99,
    eps: float = 1e-5,
    eps_root: float = 0.0,
    correction: str = "first",
    solver: str = "cg",
    tolerance: float = 1e-6,
    max_iterations: int = 100,
    warm_start: bool = True,
    transform: Transform = None,
    projection: Projection = None,
) -> optax.GradientTransformationExtraArgs:
    """Adaptive competitive gradient descent (ACGD): one learning rate per parameter.

    The update is

        z⁺ = z − (R⁻¹ + J°)⁻¹ F(z)

    where R is the diagonal matrix of `η / (√(v̂ + eps_root) + eps)`, v̂ is the bias-corrected
    running mean of F² (Adam without first moment), and J° is the Jacobian of F without its diagonal
    blocks. With R = (A_x, A_y), the update of x is

        x⁺ = x − A_x^½ (1 + A_x^½ D_xy A_y D_yx A_x^½)⁻¹ A_x^½ (∇_x f + D_xy A_y ∇_y f)

    The published code corresponds to `adaptive_competitive(1e-4, correction="last")`, except
    that it alternates between the players for which it solves the system.

    **Cost.** As for `competitive`: two field evaluations per update at z (sample index 0),
    and 2k + 2 JVPs for k solver iterations; 2 more with a warm start, and 2 more for each
    cycle of GMRES. The Neumann series of order k takes 2k JVPs.

    **Range.** Moments are stored in the dtype of the parameters, in float32 for float16. In
    float32, gradients have to be smaller than 1.8e19: the square of a larger one is infinite, and
    its parameter stops moving. Squares of gradients below 1e-18 may underflow, which changes the
    step by a relative 1e-18 / `eps` at most. Derivatives of an update at a zero gradient are NaN
    unless `eps_root` is positive.

    Args:
      learning_rate: Learning rate η: a number, a schedule of the update count, or `Players`
        of two.
      b2: Decay rate of the second moment.
      eps: Constant added to the square root of the second moment.
      eps_root: Constant added to the second moment inside the square root, as in
        `optax.adam`.
      correction: Order of eps and bias correction: `"first"` for
        `√(v / (1 − b2ᵗ) + eps_root) + eps`, as in Optax, or `"last"` for `√(v + eps_root) + eps`
        and a learning rate multiplied by √(1 − b2ᵗ).
      solver: Linear solver. `"cg"` (conjugate gradients) requires a zero-sum game; in other
        games, the residual in the state shows that it fails. `"gmres"` (restarted after 20
        iterations) also solves general-sum games. `"neumann"` sums the series
        `−Σ (−R J°)ⁱ R F` up to i = `max_iterations`.
      tolerance: Relative residual ‖b − A x‖ / ‖b‖ at which the solver stops.
      max_iterations: Maximum number of solver iterations per update.
      warm_start: Whether each solve with `"cg"` or `"gmres"` starts from the previous solution.
      transform: Transformation applied to F before the second moment and the system, or
        `Players` of two transformations. J° is always the Jacobian of the original field.
      projection: Projection onto the constraint set, applied to the new parameters: a
        function of one player's parameters, or `Players` of two functions or None.

    Returns:
      A gradient transformation for `Players`. Its `update` requires `params` and the keyword
      argument `field_fn`.

    Raises:
      TypeError: If `learning_rate` is not a number or schedule, `transform` is not an Optax
        gradient transformation, or `projection` is not callable.
      ValueError: If `learning_rate`, `eps`, `eps_root` or `tolerance` is negative or not finite,
        `b2` is not in [0, 1), `correction` or `solver` is unknown, or `max_iterations` is less
        than 1 (less than 0 for `"neumann"`); in `update`, if `params` or `field_fn` is missing.

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
    check_adam(name, 0.0, b2, eps, eps_root)
    checks.check_choice(name, "correction", correction, CORRECTIONS)
    on_field, _ = field_and_step(name, optax.identity(), learning_rate, transform)
    step = step_to_equilibrium(
        learning_rate,
        solver=solver,
        tolerance=tolerance,
        max_iterations=max_iterations,
        warm_start=warm_start,
        adaptive=AdaptiveLearningRates(b2, eps, eps_root, correction),
        transform=on_field,
        name=name,
    )
    return calls.chain(name, step, project_players(name, projection))
