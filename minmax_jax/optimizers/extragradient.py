"""The extragradient method."""

from typing import Any

import optax

from minmax_jax._util import checks
from minmax_jax.optimizers._shared.two_player import Projection, Transform, field_and_step
from minmax_jax.players import LearningRate
from minmax_jax.transforms.extragradient import extrapolate


def extragradient(
    learning_rate: LearningRate,
    *,
    extrapolation_learning_rate: LearningRate | None = None,
    relaxation: Any = None,
    transform: Transform = None,
    projection: Projection = None,
) -> optax.GradientTransformationExtraArgs:
    """The extragradient method.

    Each update takes an extrapolation step to a lookahead point, and then updates the
    original parameters with the field evaluated there:

        z_{k+½} = z_k − γ F(z_k)
        z_{k+1} = z_k − η F(z_{k+½})

    On f(x, y) = xy with γ = η, the squared distance to the solution shrinks by the factor
    1 − η² + η⁴ per update. With noisy fields, γ > η can be necessary for convergence (Hsieh
    et al., 2020). With γ = 0, the method is `sgda`.

    **EG+.** With `relaxation=α`, the update step is z_{k+1} = z_k − α η F(z_{k+½}), and γ = η by
    default. EG+ is α = ½. Update steps that are shorter than the extrapolation step converge for
    some nonmonotone fields for which α = 1 does not: those that satisfy the weak Minty
    inequality ⟨F(z), z − z*⟩ ≥ ρ ‖F(z)‖² with ρ < 0, if γ ≤ 1/L and 0 < α < 1 + 2ρ/γ. The tests
    show that the bound on α is exact for a quadratic game.

    **Cost.** Two field evaluations per update (sample indices 0 and 1), including the one
    passed in.

    Args:
      learning_rate: Learning rate η: a number, a schedule of the update count, or `Players`
        of two.
      extrapolation_learning_rate: Learning rate γ of the extrapolation step: a number, a
        schedule of the update count, or `Players` of two. Defaults to `learning_rate`.
      relaxation: Factor α in [0, 1] of the learning rate of the update step, a number, or None
        for 1.
      transform: Transformation applied to every field before the optimizer, for example
        weight decay or clipping, or `Players` of two transformations. As `params`, it
        receives the point at which the field was evaluated.
      projection: Projection onto the constraint set, applied to the lookahead point and to
        the new parameters: a function of one player's parameters, or `Players` of two
        functions or None.

    Returns:
      A gradient transformation for `Players`. Its `update` requires `params` and the keyword
      argument `field_fn`.

    Raises:
      TypeError: If `learning_rate` is not a number or schedule, `transform` is not an Optax
        gradient transformation, or `projection` is not callable.
      ValueError: If `learning_rate` is negative or not finite, or `relaxation` is not in [0, 1];
        in `update`, if `params` or `field_fn` is missing.

    Examples:
      Gradient descent–ascent diverges on f(x, y) = xy; extragradient converges:

      >>> import minmax_jax as mm
      >>> field_fn = mm.zero_sum(lambda z: z.min * z.max)
      >>> result = mm.solve(mm.extragradient(0.5), field_fn, mm.Players(1.0, 1.0), 100)
      >>> bool(result.players.min**2 + result.players.max**2 < 1e-6)
      True

    References:
      Korpelevich, The extragradient method for finding saddle points and other problems, 1976.

      Hsieh, Iutzeler, Malick, Mertikopoulos, `Explore aggressively, update conservatively
      <https://arxiv.org/abs/2003.10162>`_, 2020.

      Diakonikolas, Daskalakis, Jordan, `Efficient methods for structured nonconvex-nonconcave
      min-max optimization <https://arxiv.org/abs/2011.00364>`_, 2021 (EG+).
    """
    name, rule = "extragradient", optax.identity()
    shorten = None
    if relaxation is not None:
        alpha = checks.check_number(name, "relaxation", relaxation, high=1.0, schedule=False)
        shorten = optax.scale(alpha)
    on_field, step = field_and_step(name, rule, learning_rate, transform, projection, shorten)
    extrapolation, argument = None, "extrapolation_learning_rate"
    if relaxation is not None and extrapolation_learning_rate is None:
        extrapolation_learning_rate, argument = learning_rate, "learning_rate"
    if extrapolation_learning_rate is not None:
        _, extrapolation = field_and_step(
            name, rule, extrapolation_learning_rate, projection=projection, argument=argument
        )
    return extrapolate(step, extrapolation, transform=on_field, name=name)
