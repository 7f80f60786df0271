"""Extragradient with adaptive step sizes (AdaProx)."""

from typing import Any

import optax

from minmax_jax._util import checks
from minmax_jax.optimizers._shared.two_player import (
    Projection,
    Transform,
    field_and_step,
    project_players,
)
from minmax_jax.players import LearningRate
from minmax_jax.transforms.adaptive_extragradient import extrapolate_adaptively


def adaptive_extragradient(
    learning_rate: LearningRate = 1.0,
    *,
    variant: str = "adaprox",
    diameter: Any = 1.0,
    gradient_scale: Any = 1.0,
    transform: Transform = None,
    projection: Projection = None,
) -> optax.GradientTransformationExtraArgs:
    """Extragradient with adaptive step sizes, which needs no Lipschitz constant.

    With a scale η (`learning_rate`, normally 1) and the projection P onto the constraint set:

        w_k = P(z_k − η s_k F(z_k))
        z_{k+1} = P(z_k − η s_k F(w_k))

    **AdaProx** (`variant="adaprox"`) decreases the step size by the observed changes of the
    field, with D = `diameter` and G_0 = `gradient_scale`, which are both 1 in the paper:

        s_k = D / √(G_0² + Σ_{j<k} ‖F(z_j) − F(w_j)‖²)

    If the field is Lipschitz, the sum stays bounded, so that the step size has a positive limit.
    The norms are taken over both players. Noise makes the step size decrease like 1/√k. The
    method depends on the units: if the first steps are much too long, the large changes of
    the field make all later steps short. Choose G_0 close to the norm of the field, and D close
    to the distance from the solution.

    **Bach and Levy** (`variant="bach_levy"`) use
    `(‖w_j − z_{j+1}‖² + ‖w_j − z_j‖²) / (5 s_j²)` as the terms of the sum, with the diameter D of
    the constraint set and a guess G_0 of the field's norm. Their guarantee is for the mean
    of the points w.

    **Cost.** Two field evaluations per update (sample indices 0 and 1), including the one
    passed in.

    **Verification.** The tests compare the iterates of both variants with the formulas in NumPy on
    a matrix game with simplices, and the distances of AdaProx on f = xy with recorded ones. The
    formula of AdaProx was read in a public implementation. The formula of Bach and
    Levy agrees with public notes that quote the paper; their code was not run.

    Args:
      learning_rate: Scale η of the steps: a number, a schedule of the update count, or `Players`
        of two. The theory is for 1.
      variant: Terms of the sum: `"adaprox"` or `"bach_levy"`.
      diameter: Numerator D of the step size.
      gradient_scale: Positive number G_0.
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
      TypeError: If `learning_rate`, `diameter` or `gradient_scale` is not a number, `transform`
        is not an Optax gradient transformation, or `projection` is not callable.
      ValueError: If `learning_rate` or `diameter` is negative or not finite, `gradient_scale` is
        less than 1e-30, or `variant` is unknown; in `update`, if `params` or `field_fn` is
        missing.

    Examples:
      On f(x, y) = xy, gradient descent–ascent diverges; the adaptive method converges without
      a learning rate:

      >>> import minmax_jax as mm
      >>> field_fn = mm.zero_sum(lambda z: z.min * z.max)
      >>> result = mm.solve(mm.adaptive_extragradient(), field_fn, mm.Players(1.0, 1.0), 200)
      >>> bool(result.players.min**2 + result.players.max**2 < 1e-6)
      True

    References:
      Antonakopoulos, Belmega, Mertikopoulos, `Adaptive extra-gradient methods for min-max
      optimization and games <https://arxiv.org/abs/2010.12100>`_, 2021, eq. (8) (number not
      checked).

      Bach, Levy, `A universal algorithm for variational inequalities adaptive to smoothness
      and noise <https://arxiv.org/abs/1902.01637>`_, 2019 (Universal Mirror-Prox).
    """
    name = "adaptive_extragradient"
    checks.check_number(name, "diameter", diameter, schedule=False)
    checks.check_number(name, "gradient_scale", gradient_scale, low=1e-30, schedule=False)
    on_field, scale = field_and_step(name, optax.identity(), learning_rate, transform)
    return extrapolate_adaptively(
        scale,
        project_players(name, projection),
        variant,
        diameter,
        gradient_scale,
        transform=on_field,
        name=name,
    )
