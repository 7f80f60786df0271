"""Simultaneous gradient descent–ascent, the baseline method."""

import optax

from minmax_jax._util import calls, checks
from minmax_jax.optimizers._shared.two_player import Projection, Transform, two_player
from minmax_jax.players import LearningRate


def sgda(
    learning_rate: LearningRate,
    *,
    momentum: float | None = None,
    nesterov: bool = False,
    transform: Transform = None,
    projection: Projection = None,
) -> optax.GradientTransformationExtraArgs:
    """Simultaneous gradient descent–ascent (SGDA).

    Both players step at the same time, from the same point:

        z⁺ = z − η F(z)

    With momentum β, `m⁺ = β m + F(z)` and `z⁺ = z − η m⁺`, as in `optax.trace`. β may be
    negative (Gidel et al., 2019).

    **Cost.** One field evaluation per update, the one passed in.

    Args:
      learning_rate: Learning rate η: a number, a schedule of the update count, or `Players`
        of two.
      momentum: Momentum β in [−1, 1], or None for no momentum.
      nesterov: Whether to use Nesterov momentum.
      transform: Transformation applied to the field before the optimizer, for example weight
        decay or clipping, or `Players` of two transformations.
      projection: Projection onto the constraint set, applied to the new parameters: a
        function of one player's parameters, or `Players` of two functions or None.

    Returns:
      A gradient transformation for `Players`. Any other pytree is treated as one player. With
      a `projection`, its `update` requires `params`.

    Raises:
      TypeError: If `learning_rate` is not a number or schedule, `transform` is not an Optax
        gradient transformation, or `projection` is not callable.
      ValueError: If `learning_rate` is negative or not finite, or `momentum` is not in [−1, 1].

    Examples:
      SGDA converges in strongly convex–concave games:

      >>> import minmax_jax as mm
      >>> field_fn = mm.zero_sum(lambda z: z.min**2 + z.min * z.max - z.max**2)
      >>> result = mm.solve(mm.sgda(0.1), field_fn, mm.Players(1.0, 1.0), 100)
      >>> bool(abs(result.players.min) < 1e-6)
      True

      On f(x, y) = xy, the distance to the solution grows by the factor √(1 + η²) per update.
      With alternating updates and negative momentum it shrinks:

      >>> import optax
      >>> field_fn = mm.zero_sum(lambda z: z.min * z.max)
      >>> tx = optax.sgd(0.5, momentum=-0.5)
      >>> alternating = mm.alternate(min=tx, max=tx)
      >>> result = mm.solve(alternating, field_fn, mm.Players(1.0, 1.0), 200)
      >>> bool(result.players.min**2 + result.players.max**2 < 1e-6)
      True

    References:
      Arrow, Hurwicz, Uzawa, Studies in linear and non-linear programming, 1958.

      Gidel et al., `Negative momentum for improved game dynamics
      <https://arxiv.org/abs/1807.04740>`_, 2019.
    """
    checks.check_choice("sgda", "nesterov", nesterov, (True, False))
    rule = optax.identity()
    if momentum is not None:
        checks.check_number("sgda", "momentum", momentum, low=-1.0, high=1.0, schedule=False)
        rule = optax.trace(decay=momentum, nesterov=nesterov)
        rule = calls.with_checked_state("sgda", rule, optax.TraceState, "trace")
    return two_player("sgda", rule, learning_rate, transform, projection)
