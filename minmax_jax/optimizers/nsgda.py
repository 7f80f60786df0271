"""Normalised descent–ascent: both players move at the same pace."""

import optax

from minmax_jax._util import checks
from minmax_jax.optimizers._shared.two_player import Transform, two_player
from minmax_jax.players import LearningRate
from minmax_jax.transforms.normalize import normalize


def nsgda(
    learning_rate: LearningRate,
    *,
    scope: str = "layer",
    momentum: float | None = None,
    transform: Transform = None,
) -> optax.GradientTransformationExtraArgs:
    """Steps of fixed length along the field: `z_k⁺ = z_k − η F_k / ‖F_k‖`.

    The norm is that of each leaf (layer, l-nSGDA) or of each player's whole tree (global,
    g-nSGDA). A player's displacement is η a step globally, and η√K with K leaves by layer.
    With momentum β the field is averaged first, `m⁺ = β m + (1 − β) F`, and normalised
    after, so that steps keep their length. Multiplying a player's loss by a positive number
    changes nothing. Price: the one field evaluation that is passed in.

    Args:
      learning_rate: η, in units of the parameters: a number, a schedule of the update
        count, or `Players` of two.
      scope: "layer" or "global".
      momentum: β in [0, 1], or None.
      transform: as in `sgda`.

    Returns:
      An Optax transformation of `Players`; of another tree, as of one player.

    Raises:
      TypeError, ValueError: as `sgda`; ValueError for an unknown scope.

    Examples:
      A max player whose gradients are 1e-20 keeps pace all the same.

      >>> import minmax_jax as mm
      >>> field_fn = mm.general_sum(lambda z: z.min**2, lambda z: 1e-20 * (z.max - 1) ** 2)
      >>> rate = lambda count: 0.1 / (1 + count)
      >>> result = mm.solve(mm.nsgda(rate), field_fn, mm.Players(0.3, 0.8), 1000)
      >>> print(bool(abs(result.players.max - 1) < 1e-3))
      True

    References:
      Jelassi, Dobre, Mensch, Li, Gidel, `Dissecting adaptive methods in GANs
      <https://arxiv.org/abs/2210.04319>`_, 2022.
    """
    rule = normalize(scope, name="nsgda")
    if momentum is not None:
        checks.check_number("nsgda", "momentum", momentum, high=1.0)
        rule = optax.chain(optax.ema(momentum, debias=False), rule)
    return two_player("nsgda", rule, learning_rate, transform)
