"""The golden ratio algorithm (GRAAL)."""

import math
from typing import Any

import optax

from minmax_jax.optimizers._shared.two_player import Projection, Transform, two_player
from minmax_jax.players import LearningRate
from minmax_jax.transforms.golden_ratio import step_from_average

GOLDEN_RATIO = (1 + math.sqrt(5)) / 2


def golden_ratio(
    learning_rate: LearningRate,
    *,
    phi: Any = GOLDEN_RATIO,
    transform: Transform = None,
    projection: Projection = None,
) -> optax.GradientTransformationExtraArgs:
    """The golden ratio algorithm (GRAAL), for monotone games with constraints.

    Steps start at a running average c of the parameters. With c_{−1} = z_0 and the projection P
    onto the constraint set, the update is

        c_k = ((φ − 1) z_k + c_{k−1}) / φ
        z_{k+1} = P(c_k − η F(z_k))

    For a monotone, L-Lipschitz field and φ = (1 + √5)/2, it converges if η ≤ φ/(2L). On
    f(x, y) = xy, it converges if and only if η < √((5 − √5)/2) = 1.1756. With a large φ, it is
    `sgda`. The field is evaluated at the parameters only, so the optimizer also works for one
    player, for example inside `alternate`.

    **Cost.** One field evaluation per update, the one passed in. The state contains a copy of the
    parameters.

    **Verification.** The tests compare the iterates with the formulas in NumPy on a matrix game
    with simplices, and the limit of stability on f = xy with the closed form. 100 iterates on
    that game equal another implementation's (method `graal` of the VI library monviso) up to a
    relative difference of 1e-15. The formulas and the bound φ/(2L) agree with a public version
    of the preprint that was written for a proof assistant.

    Args:
      learning_rate: Learning rate η: a number, a schedule of the update count, or `Players`
        of two.
      phi: Averaging constant φ ≥ 1. Defaults to the golden ratio.
      transform: Transformation applied to the field before the optimizer, for example weight
        decay or clipping, or `Players` of two transformations.
      projection: Projection onto the constraint set, applied to the new parameters: a
        function of one player's parameters, or `Players` of two functions or None.

    Returns:
      A gradient transformation for `Players`. Any other pytree is treated as one player. Its
      `update` requires `params`.

    Raises:
      TypeError: If `learning_rate` is not a number or schedule, `transform` is not an Optax
        gradient transformation, or `projection` is not callable.
      ValueError: If `learning_rate` is negative or not finite, or `phi` is less than 1; in
        `update`, if `params` is missing.

    Examples:
      Gradient descent–ascent diverges on f(x, y) = xy; GRAAL converges:

      >>> import minmax_jax as mm
      >>> field_fn = mm.zero_sum(lambda z: z.min * z.max)
      >>> result = mm.solve(mm.golden_ratio(0.8), field_fn, mm.Players(1.0, 1.0), 200)
      >>> bool(result.players.min**2 + result.players.max**2 < 1e-6)
      True

    References:
      Malitsky, `Golden ratio algorithms for variational inequalities
      <https://arxiv.org/abs/1803.08832>`_, 2020, eq. (6) of the preprint.
    """
    name = "golden_ratio"
    average = step_from_average(phi, name=name)
    return two_player(name, optax.identity(), learning_rate, transform, projection, average)
