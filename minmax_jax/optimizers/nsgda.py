"""Normalized gradient descent–ascent, whose steps have a fixed length."""

import optax

from minmax_jax._util import calls, checks
from minmax_jax.optimizers._shared.two_player import Projection, Transform, two_player
from minmax_jax.players import LearningRate
from minmax_jax.transforms.normalize import normalize


def nsgda(
    learning_rate: LearningRate,
    *,
    scope: str = "layer",
    momentum: float | None = None,
    transform: Transform = None,
    projection: Projection = None,
) -> optax.GradientTransformationExtraArgs:
    """Normalized gradient descent–ascent (nSGDA).

    Each update divides the field by its norm:

        z_k⁺ = z_k − η F_k / ‖F_k‖

    With `scope="layer"` (l-nSGDA in the paper), k is a leaf, that is, one parameter array; a
    player with K leaves moves by η√K per update. With `scope="global"` (g-nSGDA), k is a
    player, and each player moves by η per update. Scaling a player's loss by a positive
    number does not change the updates.

    With momentum β, the field is averaged first, `m⁺ = β m + (1 − β) F`, and normalized
    afterwards, so steps keep their length.

    Elements of the field below 1.2e-38 in float32 and bfloat16 count as zero on CPU.

    **Cost.** One field evaluation per update, the one passed in.

    Args:
      learning_rate: Step length η in units of the parameters: a number, a schedule of the
        update count, or `Players` of two.
      scope: Group of parameters that is normalized together: `"layer"` or `"global"`.
      momentum: Momentum β in [0, 1), or None for no momentum.
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
      ValueError: If `learning_rate` is negative or not finite, `momentum` is not in [0, 1), or
        `scope` is unknown.

    Examples:
      The max player converges although its gradients are of size 1e-20:

      >>> import minmax_jax as mm
      >>> field_fn = mm.general_sum(lambda z: z.min**2, lambda z: 1e-20 * (z.max - 1) ** 2)
      >>> schedule = lambda count: 0.1 / (1 + count)
      >>> result = mm.solve(mm.nsgda(schedule), field_fn, mm.Players(0.3, 0.8), 1000)
      >>> print(bool(abs(result.players.max - 1) < 1e-3))
      True

    References:
      Jelassi, Dobre, Mensch, Li, Gidel, `Dissecting adaptive methods in GANs
      <https://arxiv.org/abs/2210.04319>`_, 2022.
    """
    rule = normalize(scope, name="nsgda")
    if momentum is not None:
        checks.check_number("nsgda", "momentum", momentum, below=1.0, schedule=False)
        ema = optax.ema(momentum, debias=False)
        ema = calls.with_checked_state("nsgda", ema, optax.EmaState, "ema")
        rule = calls.chain("nsgda", ema, rule)
    return two_player("nsgda", rule, learning_rate, transform, projection)
