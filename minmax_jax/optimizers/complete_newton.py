"""The complete Newton method, in which the min player moves first."""

from typing import Any

import optax

from minmax_jax.optimizers._shared.two_player import Projection, Transform, two_sides
from minmax_jax.players import LearningRate
from minmax_jax.transforms.newton import step_by_newton


def complete_newton(
    learning_rate: LearningRate = 1.0,
    *,
    tolerance: float = 1e-6,
    max_iterations: int = 20,
    damping: Any = 0.0,
    transform: Transform = None,
    projection: Projection = None,
) -> optax.GradientTransformationExtraArgs:
    """The complete Newton method, which needs no learning rate and converges superlinearly.

    With the Schur complement S = ∇ₓₓf − ∇ₓᵧf (∇ᵧᵧf)⁻¹ ∇ᵧₓf at (x, y):

        x⁺ = x − η_x S⁻¹ ∇ₓf(x, y)
        y⁺ = y − η_y ∇ᵧᵧf(x⁺, y)⁻¹ ∇ᵧf(x⁺, y)

    S is the Hessian of max_y f on the ridge ∇ᵧf = 0. On a quadratic game, the solution is reached
    after two updates, and after one from the ridge. Like all Newton methods, it approaches
    critical points of every kind, not only min-max points, so start it close to one, for example
    after `follow_the_ridge`.

    ∇ᵧᵧf and S must be invertible. On bilinear games they are zero, and the method does not move;
    pass `damping`. Both systems are solved by GMRES: J d = (∇ₓf, 0) for the whole Jacobian J, whose
    part d_x is S⁻¹ ∇ₓf, and the max player's system at (x⁺, y). In a general-sum game, ∇ᵧ are
    derivatives of the loss of the max player.

    **Cost.** One linearization of the field at z (sample index 0) and one of the max player's
    field at (x⁺, y) (sample index 1), and one JVP per solver iteration and GMRES cycle. The field
    passed in is not used; XLA removes its evaluation. GMRES stores `max_iterations + 1` vectors of
    the size of z, at most 21.

    **Verification.** The tests compare the step with dense linear algebra and check the number of
    updates on quadratic games. The formulas were not checked against the paper.

    Args:
      learning_rate: Factor η of the steps: a number, a schedule of the update count, or `Players`
        of two. Newton's method is 1.
      tolerance: Relative residual at which the solver stops.
      max_iterations: Maximum number of solver iterations per linear system.
      damping: Damping δ ≥ 0 that is added to −∇ᵧᵧf in both systems.
      transform: Transformation applied to the Newton directions, for example clipping, or
        `Players` of two transformations.
      projection: Projection onto the constraint set, applied to the new parameters: a
        function of one player's parameters, or `Players` of two functions or None.

    Returns:
      A gradient transformation for `Players`. Its `update` requires `params` and the keyword
      argument `field_fn`.

    Raises:
      TypeError: If `learning_rate` is not a number or schedule, another number is not a number,
        `max_iterations` is not an int, `transform` is not an Optax gradient transformation, or
        `projection` is not callable.
      ValueError: If a number is negative or not finite; in `update`, if `params` or `field_fn` is
        missing.

    Examples:
      Gradient descent–ascent diverges from the min-max point of f = −3x² − y² + 4xy. Newton's
      method reaches it in two updates:

      >>> import minmax_jax as mm
      >>> game = mm.games.keswani("F1")
      >>> end = mm.solve(mm.complete_newton(), game.field_fn, game.start, 2).players
      >>> bool(abs(end.min) < 1e-5)
      True

    References:
      Zhang, Wu, Poupart, Yu, `Newton-type methods for minimax optimization
      <https://arxiv.org/abs/2006.14592>`_, 2020.
    """
    name = "complete_newton"
    return step_by_newton(
        two_sides(name, learning_rate, transform, projection),
        tolerance=tolerance,
        max_iterations=max_iterations,
        damping=damping,
        name=name,
    )
