"""Consensus optimization."""

from typing import Any

import optax

from minmax_jax._util import calls
from minmax_jax.optimizers._shared.two_player import Projection, Transform, two_player
from minmax_jax.players import LearningRate
from minmax_jax.transforms.consensus import add_consensus


def consensus(
    learning_rate: LearningRate,
    *,
    weight: Any = 1.0,
    transform: Transform = None,
    projection: Projection = None,
) -> optax.GradientTransformationExtraArgs:
    """Consensus optimization: descends the field and its squared norm at the same time.

    With the Jacobian J of the field, the update is

        z⁺ = z − η (F(z) + γ J(z)ᵀ F(z))

    With γ = 0, the method is `sgda`. A large γ makes every zero of the field attractive,
    including those that are not equilibria. For GANs, the authors use RMSProp with γ = 10
    (not checked against the paper):
    `consensus(learning_rate, weight=10.0, transform=optax.scale_by_rms(0.9))`.

    **Cost.** One field evaluation and one VJP per update, both at z (sample index 0).

    Args:
      learning_rate: Learning rate η: a number, a schedule of the update count, or `Players`
        of two.
      weight: Weight γ of the consensus term: a number or a schedule of the update count.
      transform: Transformation applied to the direction `F + γ Jᵀ F`, or `Players` of two
        transformations.
      projection: Projection onto the constraint set, applied to the new parameters: a
        function of one player's parameters, or `Players` of two functions or None.

    Returns:
      A gradient transformation for `Players`. Its `update` requires `params` and the keyword
      argument `field_fn`.

    Raises:
      TypeError: If `learning_rate` is not a number or schedule, `transform` is not an Optax
        gradient transformation, or `projection` is not callable.
      ValueError: If `learning_rate` or `weight` is negative or not finite; in `update`, if
        `params` or `field_fn` is missing.

    Examples:
      Gradient descent–ascent diverges on f(x, y) = xy; consensus optimization converges:

      >>> import minmax_jax as mm
      >>> field_fn = mm.zero_sum(lambda z: z.min * z.max)
      >>> result = mm.solve(mm.consensus(0.5), field_fn, mm.Players(1.0, 1.0), 50)
      >>> bool(result.players.min**2 + result.players.max**2 < 1e-6)
      True

    References:
      Mescheder, Nowozin, Geiger, `The numerics of GANs <https://arxiv.org/abs/1705.10461>`_,
      2017.
    """
    step = two_player("consensus", optax.identity(), learning_rate, transform, projection)
    return calls.chain("consensus", add_consensus(weight, name="consensus"), step)
