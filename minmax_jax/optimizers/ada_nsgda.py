"""Ada-nSGDA: the adaptive magnitude of Adam in the direction of plain descent–ascent."""

import optax

from minmax_jax.optimizers._shared.adam import adam_norms
from minmax_jax.optimizers._shared.two_player import Transform, two_player
from minmax_jax.players import LearningRate
from minmax_jax.transforms.graft import graft


def ada_nsgda(
    learning_rate: LearningRate,
    *,
    scope: str = "layer",
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
    bias_correction: bool = True,
    transform: Transform = None,
) -> optax.GradientTransformationExtraArgs:
    """Steps `z_k⁺ = z_k − η ‖A_k‖ F_k / ‖F_k‖`, A_k being Adam's step of leaf k.

    A is Adam's step at learning rate one, from moments that only see F. Norms are those of
    each leaf (layer) or of each player's whole tree (global). At the first step, or with
    b1 = b2 = 0, A = sign(F): then it is `nsgda` with rate η√n_k in a leaf of n_k numbers.
    Multiplying a player's loss by a positive number changes nothing, eps aside. The paper
    names the rule; its betas, eps and bias correction are not known, hence arguments.
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
      TypeError, ValueError: as `sgda`; ValueError for an unknown scope or betas out of [0, 1].

    Examples:
      >>> import jax.numpy as jnp
      >>> import minmax_jax as mm
      >>> tx = mm.ada_nsgda(0.1)
      >>> field = mm.Players(jnp.array([3.0, 4.0]), jnp.array([0.0, 1e-6]))
      >>> step, _ = tx.update(field, tx.init(field))
      >>> print(step.min)  # 0.1 * √2 along (3, 4) / 5
      [-0.0848... -0.1131...]

    References:
      Jelassi, Dobre, Mensch, Li, Gidel, `Dissecting adaptive methods in GANs
      <https://arxiv.org/abs/2210.04319>`_, 2022.
    """
    rule = graft(
        magnitude=adam_norms("ada_nsgda", b1, b2, eps, bias_correction),
        direction=optax.identity(),
        scope=scope,
        name="ada_nsgda",
    )
    return two_player("ada_nsgda", rule, learning_rate, transform)
