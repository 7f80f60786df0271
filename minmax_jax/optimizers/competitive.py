"""Competitive gradient descent."""

import optax

from minmax_jax._util import calls, checks
from minmax_jax.optimizers._shared.two_player import (
    Projection,
    Transform,
    field_and_step,
    project_players,
)
from minmax_jax.players import LearningRate
from minmax_jax.transforms.competitive import step_to_equilibrium


def competitive(
    learning_rate: LearningRate,
    *,
    solver: str = "cg",
    tolerance: float = 1e-6,
    max_iterations: int = 100,
    warm_start: bool = True,
    transform: Transform = None,
    projection: Projection = None,
) -> optax.GradientTransformationExtraArgs:
    """Competitive gradient descent (CGD).

    Each update moves to the equilibrium of the local bilinear game:

        z⁺ = z − η (1 + η J°)⁻¹ F(z)

    where J° is the Jacobian of F without its diagonal blocks. So each player takes the other
    player's step into account. In a zero-sum game, the update of each player is

        x⁺ = x − η (1 + η² D_xy D_yx)⁻¹ (∇_x f + η D_xy ∇_y f)
        y⁺ = y + η (1 + η² D_yx D_xy)⁻¹ (∇_y f − η D_yx ∇_x f)

    With `Players` of learning rates, η is η_x for x and η_y for y, and η² is η_x η_y. On
    f(x, y) = xy, the method converges for every η: each update divides the squared distance
    to the solution by 1 + η².

    **Linear system.** `"cg"` and `"gmres"` solve the system of the player with fewer parameters;
    `"neumann"` sums a series for both players. All use products J_xy v and J_yx v, in float32 or
    wider. With a warm start, `"cg"` and `"gmres"` start from the previous solution if it is
    better than zero. The state (`CompetitiveState`) contains the
    number of iterations and the residual.

    **Cost.** Two field evaluations per update, one for each player's half, at z (sample
    index 0). The field passed in is not used; XLA removes its computation and shares common
    parts of the halves. With k solver iterations, 2k + 2 JVPs, each with respect to one
    player; 2 more with a warm start, and 2 more for each cycle of GMRES. The Neumann series of
    order k takes 2k JVPs.

    Args:
      learning_rate: Learning rate η: a number, a schedule of the update count, or `Players`
        of two.
      solver: Linear solver. `"cg"` (conjugate gradients) requires a zero-sum game; in other
        games, the residual in the state shows that it fails. `"gmres"` (restarted after 20
        iterations) also solves general-sum games. `"neumann"` sums the series
        `−η Σ (−η J°)ⁱ F` up to i = `max_iterations`: 0 gives `sgda`, and 1 gives LCGD.
      tolerance: Relative residual ‖b − A x‖ / ‖b‖ at which the solver stops.
      max_iterations: Maximum number of solver iterations per update.
      warm_start: Whether each solve with `"cg"` or `"gmres"` starts from the previous solution.
      transform: Transformation applied to F before the system is solved, or `Players` of two
        transformations. J° is always the Jacobian of the original field.
      projection: Projection onto the constraint set, applied to the new parameters: a
        function of one player's parameters, or `Players` of two functions or None.

    Returns:
      A gradient transformation for `Players`. Its `update` requires `params` and the keyword
      argument `field_fn`.

    Raises:
      TypeError: If `learning_rate` is not a number or schedule, `transform` is not an Optax
        gradient transformation, or `projection` is not callable.
      ValueError: If `learning_rate` is negative or not finite, `solver` is unknown, `tolerance`
        is negative, or `max_iterations` is less than 1 (less than 0 for `"neumann"`); in
        `update`, if `params` or `field_fn` is missing.

    Examples:
      Gradient descent–ascent diverges on f(x, y) = xy; competitive gradient descent converges
      even with a large learning rate:

      >>> import minmax_jax as mm
      >>> field_fn = mm.zero_sum(lambda z: z.min * z.max)
      >>> result = mm.solve(mm.competitive(3.0), field_fn, mm.Players(1.0, 1.0), 10)
      >>> bool(result.players.min**2 + result.players.max**2 < 1e-6)
      True

    References:
      Schäfer, Anandkumar, `Competitive gradient descent <https://arxiv.org/abs/1905.12103>`_,
      2019.
    """
    name = "competitive"
    checks.check_learning_rate(name, learning_rate)
    on_field, _ = field_and_step(name, optax.identity(), learning_rate, transform)
    step = step_to_equilibrium(
        learning_rate,
        solver=solver,
        tolerance=tolerance,
        max_iterations=max_iterations,
        warm_start=warm_start,
        transform=on_field,
        name=name,
    )
    return calls.chain(name, step, project_players(name, projection))
