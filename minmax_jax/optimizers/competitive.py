"""Competitive gradient descent."""

import optax

from minmax_jax._util import checks
from minmax_jax.optimizers._shared.two_player import Transform, field_and_step, projections
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
) -> optax.GradientTransformationExtraArgs:
    """Steps to the equilibrium of the local bilinear game: `z⁺ = z − η (1 + η J°)⁻¹ F(z)`.

    J° is the Jacobian of F without its diagonal blocks: each player answers the other's
    step, the other's answer to it, and so on. In a zero-sum game, player by player,

        x⁺ = x − η (1 + η² D_xy D_yx)⁻¹ (∇_x f + η D_xy ∇_y f)
        y⁺ = y + η (1 + η² D_yx D_xy)⁻¹ (∇_y f − η D_yx ∇_x f)

    On f = xy it converges at every η, the squared distance divided by 1 + η² a step. With
    `Players` of rates η_x stands for x and η_y for y, and η² is η_x η_y.

    The system of the player with fewer parameters is solved with products J_xy v and J_yx v
    alone, in float32 at least, from the last solution if it is better than zero; iterations
    and residual are in the state (`CompetitiveState`).

    Price: two field evaluations, one for each player's half, and the one passed in is dead
    code to XLA, which shares what the halves have in common; 2k + 2 jvps, each for one
    player's step, in k iterations, 2 more with warm start and 2 for each cycle of GMRES; 2k
    for the Neumann series of order k. All at z and draw 0.

    Args:
      learning_rate: η: a number, a schedule of the update count, or `Players` of two.
      solver: "cg", conjugate gradients, for zero-sum games (in others the state's residual
        shows that they fail); "gmres" (restarted after 20), for general-sum games, whose
        system is not symmetric; "neumann", the series
        `−η Σ (−η J°)ⁱ F` up to i = max_iterations: 0 is `sgda`, 1 LCGD.
      tolerance: the solver stops where ‖b − A x‖ ≤ tolerance · ‖b‖.
      max_iterations: its largest number of iterations.
      warm_start: whether a solve starts from the last solution.
      transform: as in `sgda`: acts on F before the system is set up, whose J° stays that of
        `field_fn`; `project` among them acts on the step.

    Returns:
      An Optax transformation of `Players`; `update` needs `params` and `field_fn=`.

    Raises:
      TypeError, ValueError: as `sgda`; for an unknown solver, a negative tolerance or
        max_iterations below 1 (0 for neumann); in `update`, when params or field_fn is missing.

    Examples:
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
    return optax.chain(step, projections(name, transform))
