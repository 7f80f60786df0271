"""The primal–dual hybrid gradient method of Chambolle and Pock."""

from typing import Any

import optax

from minmax_jax._util import checks
from minmax_jax._util.types import Players
from minmax_jax.optimizers._shared.two_player import Projection, Transform, two_sides
from minmax_jax.players import LearningRate
from minmax_jax.transforms.alternating_extrapolation import alternate_extrapolated


def primal_dual_hybrid_gradient(
    learning_rate: LearningRate,
    *,
    relaxation: Any = 1.0,
    transform: Transform = None,
    projection: Projection = None,
) -> optax.GradientTransformationExtraArgs:
    """The primal–dual hybrid gradient method (PDHG, Chambolle–Pock).

    The max player sees the extrapolated parameters of the min player. With projections P and Q
    onto the constraint sets, the update for f(x, y) = xᵀAy is

        x⁺ = P(x − τ A y)
        y⁺ = Q(y + σ Aᵀ(x⁺ + θ (x⁺ − x)))

    It converges if τ σ ‖A‖² < 1 and θ = 1. If τσ‖A‖² is larger, it may cycle. On f(x, y) = xy with
    θ = 1, the distance to the solution shrinks by √(1 − τσ) per update, in the long run. For
    other games, the gradients of f take the place of A y and Aᵀx. The ratio of the learning
    rates balances the players: with τ = η/ω and σ = ηω, ω is the primal weight of PDLP.

    **Cost.** Two field evaluations per update (sample indices 0 and 1), including the one
    passed in. Each is needed for one player only, and XLA removes the other player's half.

    **Verification.** The tests compare the iterates with the formulas in NumPy on a matrix game
    with simplices, and the spectral radius on f = xy with the closed form.

    Args:
      learning_rate: Learning rate η = τ = σ: a number, a schedule of the update count, or
        `Players(min=τ, max=σ)`.
      relaxation: Extrapolation θ of the min player, a number in [0, 1]. With 0, the method is
        alternating gradient descent–ascent.
      transform: Transformation applied to every field before the optimizer, for example
        weight decay or clipping, or `Players` of two transformations.
      projection: Projection onto the constraint set, applied to the new parameters: a function
        of one player's parameters, or `Players` of two functions or None. The extrapolated
        parameters are not projected.

    Returns:
      A gradient transformation for `Players`. Its `update` requires `params` and the keyword
      argument `field_fn`.

    Raises:
      TypeError: If `learning_rate` is not a number or schedule, `transform` is not an Optax
        gradient transformation, or `projection` is not callable.
      ValueError: If `learning_rate` is negative or not finite, or `relaxation` is not in [0, 1];
        in `update`, if `params` or `field_fn` is missing.

    Examples:
      On rock–paper–scissors, projected gradient descent–ascent circles around the equilibrium, in
      which each action has the probability 1/3; PDHG converges to it:

      >>> import minmax_jax as mm
      >>> game = mm.games.matrix()
      >>> optimizer = mm.primal_dual_hybrid_gradient(0.5, projection=game.projection)
      >>> result = mm.solve(optimizer, game.field_fn, game.start, 300)
      >>> print(result.players.min.round(4))
      [0.3333 0.3333 0.3333]

    References:
      Chambolle, Pock, `A first-order primal-dual algorithm for convex problems with
      applications to imaging <https://doi.org/10.1007/s10851-010-0251-1>`_, 2011, Algorithm 1.
    """
    name = "primal_dual_hybrid_gradient"
    theta = checks.check_number(name, "relaxation", relaxation, high=1.0, schedule=False)
    sides = two_sides(name, learning_rate, transform, projection)
    return alternate_extrapolated(
        min=sides.min, max=sides.max, extrapolation=Players(1 + theta, 1.0), name=name
    )
