"""AdaDir: the direction of Adam with the magnitude of plain descent–ascent."""

import optax

from minmax_jax.optimizers._shared.adam import adam_step
from minmax_jax.optimizers._shared.two_player import Transform, two_player
from minmax_jax.players import LearningRate
from minmax_jax.transforms.graft import graft


def ada_dir(
    learning_rate: LearningRate,
    *,
    scope: str = "layer",
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
    bias_correction: bool = True,
    transform: Transform = None,
) -> optax.GradientTransformationExtraArgs:
    """Steps `z_k⁺ = z_k − η ‖F_k‖ A_k / ‖A_k‖`, A_k being Adam's step of leaf k.

    The control to `ada_nsgda`: if Adam's direction were what matters, this would keep up
    with Adam. Multiplying a player's loss by c > 0 multiplies its step by c.
    Price: the one field evaluation that is passed in.

    Args:
      learning_rate: η: a number, a schedule of the update count, or `Players` of two.
      scope: "layer" or "global".
      b1: decay of Adam's first moment.
      b2: decay of Adam's second moment.
      eps: added to the root of Adam's second moment.
      bias_correction: whether Adam's moments are corrected for their start at zero.
      transform: as in `sgda`.

    Returns:
      An Optax transformation of `Players`; of another tree, as of one player.

    Raises:
      TypeError, ValueError: as `ada_nsgda`.

    Examples:
      >>> import jax.numpy as jnp
      >>> import minmax_jax as mm
      >>> tx = mm.ada_dir(0.1)
      >>> field = mm.Players(jnp.array([3.0, 4.0]), jnp.array([0.0, 1e-6]))
      >>> step, _ = tx.update(field, tx.init(field))
      >>> print(step.min)  # 0.1 * 5 along the diagonal
      [-0.35355338 -0.35355338]

    References:
      Jelassi, Dobre, Mensch, Li, Gidel, `Dissecting adaptive methods in GANs
      <https://arxiv.org/abs/2210.04319>`_, 2022 (concept).
    """
    rule = graft(
        magnitude=optax.identity(),
        direction=adam_step("ada_dir", b1, b2, eps, bias_correction),
        scope=scope,
        name="ada_dir",
    )
    return two_player("ada_dir", rule, learning_rate, transform)
