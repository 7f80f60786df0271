"""Follow the ridge, which converges exactly to local min-max points."""

from typing import Any

import optax

from minmax_jax._util import calls
from minmax_jax.optimizers._shared.two_player import (
    Projection,
    Transform,
    project_players,
    two_player,
)
from minmax_jax.players import LearningRate
from minmax_jax.transforms.ridge import correct_to_ridge


def follow_the_ridge(
    learning_rate: LearningRate,
    *,
    solver: str = "gmres",
    tolerance: float = 1e-6,
    max_iterations: int = 20,
    damping: Any = 0.0,
    transform: Transform = None,
    projection: Projection = None,
) -> optax.GradientTransformationExtraArgs:
    """Follow the ridge: gradient descent–ascent with a correction of the max player.

    With the learning rates η_x and η_y, all at z:

        x⁺ = x − η_x ∇ₓf
        y⁺ = y + η_y ∇ᵧf + η_x (∇ᵧᵧf)⁻¹ ∇ᵧₓf ∇ₓf

    The last term moves y as its best response moves with x, so that a point on the ridge
    ∇ᵧf = 0 stays on it to first order. With small learning rates, the method is then stable
    exactly at the local min-max points, in which the min player moves first. It moves away
    from all other stationary points, also from those that attract gradient descent–ascent, and
    near a solution its iterates do not rotate. On a quadratic game started on the ridge, x
    follows gradient descent on max_y f.

    The Hessian ∇ᵧᵧf must be invertible. To leave a point that is not a local min-max point, the
    method needs the correction also where ∇ᵧᵧf is indefinite. `gmres` computes it there. `cg`
    needs less memory, but stops at directions in which f is not concave in y. For GANs, the
    authors use 5 iterations of `cg` with `damping=1.0` and RMSProp (from their code):
    `transform=optax.scale_by_rms()` scales both players' fields, and the correction uses the
    scaled step of x. In a general-sum game, the correction uses the loss of the max player.

    **Cost.** The field passed in, one JVP and one linearization of the max player's field at z
    (sample index 0), and one JVP per solver iteration and GMRES cycle. GMRES stores
    `max_iterations + 1` vectors of the size of y, at most 21.

    **Verification.** The tests compare the step with dense linear algebra, and on a quadratic game
    the iterates with gradient descent on max_y f. On `games.keswani()`, they check to which points
    the method converges. The formulas agree with the authors' code `quadratic.py` to 5e-15; their
    code for GANs was read, not run.

    Args:
      learning_rate: Learning rate η: a number, a schedule of the update count, or `Players`
        of two. With η_y = 0, the max player still follows the ridge.
      solver: Solver of the linear system: `"gmres"` or `"cg"`.
      tolerance: Relative residual at which the solver stops.
      max_iterations: Maximum number of solver iterations.
      damping: Damping δ ≥ 0 that is added to −∇ᵧᵧf.
      transform: Transformation applied to the field before the learning rate, for example
        `optax.scale_by_rms()`, or `Players` of two transformations.
      projection: Projection onto the constraint set, applied to the new parameters: a
        function of one player's parameters, or `Players` of two functions or None.

    Returns:
      A gradient transformation for `Players`. Its `update` requires `params` and the keyword
      argument `field_fn`.

    Raises:
      TypeError: If `learning_rate` is not a number or schedule, another number is not a number,
        `max_iterations` is not an int, `transform` is not an Optax gradient transformation, or
        `projection` is not callable.
      ValueError: If `learning_rate` is negative or not finite, `solver` is unknown, or another
        number is out of range; in `update`, if `params` or `field_fn` is missing.

    Examples:
      The origin is the min-max point of f = −3x² − y² + 4xy, but gradient descent–ascent
      diverges from it:

      >>> import minmax_jax as mm
      >>> game = mm.games.keswani("F1")
      >>> for tx in (mm.sgda(0.05), mm.follow_the_ridge(0.05)):
      ...     end = mm.solve(tx, game.field_fn, game.start, 200).players
      ...     print(bool(abs(end.min) < 1e-3))
      False
      True

    References:
      Wang, Zhang, Ba, `On solving minimax optimization locally: a follow-the-ridge approach
      <https://arxiv.org/abs/1910.07512>`_, 2020, Algorithm 1 (number not checked).
    """
    name = "follow_the_ridge"
    step = two_player(name, optax.identity(), learning_rate, transform)
    correction = correct_to_ridge(
        solver=solver,
        tolerance=tolerance,
        max_iterations=max_iterations,
        damping=damping,
        name=name,
    )
    return calls.chain(name, step, correction, project_players(name, projection))
