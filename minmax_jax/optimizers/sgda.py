"""Simultaneous gradient descent–ascent: the plain method that the others improve on."""

import optax

from minmax_jax._util import checks
from minmax_jax.optimizers._shared.two_player import Transform, two_player
from minmax_jax.players import LearningRate


def sgda(
    learning_rate: LearningRate,
    *,
    momentum: float | None = None,
    nesterov: bool = False,
    transform: Transform = None,
) -> optax.GradientTransformationExtraArgs:
    """Steps `z⁺ = z − η F(z)`: both players at once, from the same point.

    With momentum β, `m⁺ = β m + F(z)` and `z⁺ = z − η m⁺` (Optax's `trace`); β may be
    negative (Gidel et al., 2019). Price: the one field evaluation that is passed in.

    Args:
      learning_rate: η: a number, a schedule of the update count, or `Players` of two.
      momentum: β in [−1, 1], or None.
      nesterov: whether momentum is Nesterov's.
      transform: a transformation applied to the field before the step (weight decay,
        clipping), a list, or `Players` of either; `project` among them acts on the step.

    Returns:
      An Optax transformation of `Players`; of another tree, as of one player.

    Raises:
      TypeError, ValueError: for a rate that is negative or no number, a momentum out of
        range, or a transform that is none.

    Examples:
      It converges where the game is strongly convex–concave, and on f = xy diverges by the
      factor √(1 + η²) a step.

      >>> import minmax_jax as mm
      >>> field_fn = mm.zero_sum(lambda z: z.min**2 + z.min * z.max - z.max**2)
      >>> result = mm.solve(mm.sgda(0.1), field_fn, mm.Players(1.0, 1.0), 100)
      >>> bool(abs(result.players.min) < 1e-6)
      True

      In turns and with negative momentum, both plain Optax, it converges on f = xy as well:

      >>> import optax
      >>> field_fn = mm.zero_sum(lambda z: z.min * z.max)
      >>> rule = optax.sgd(0.5, momentum=-0.5)
      >>> tx = mm.alternate(min=rule, max=rule)
      >>> result = mm.solve(tx, field_fn, mm.Players(1.0, 1.0), 200)
      >>> bool(result.players.min**2 + result.players.max**2 < 1e-6)
      True

    References:
      Arrow, Hurwicz, Uzawa, Studies in linear and non-linear programming, 1958.
      Gidel et al., `Negative momentum for improved game dynamics
      <https://arxiv.org/abs/1807.04740>`_, 2019.
    """
    if momentum is None:
        return two_player("sgda", optax.identity(), learning_rate, transform)
    checks.check_number("sgda", "momentum", momentum, low=-1.0, high=1.0)
    rule = optax.trace(decay=momentum, nesterov=nesterov)
    return two_player("sgda", rule, learning_rate, transform)
