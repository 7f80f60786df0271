"""Symplectic gradient adjustment."""

from typing import Any

import optax

from minmax_jax.optimizers._shared.two_player import Transform, two_player
from minmax_jax.players import LearningRate
from minmax_jax.transforms.symplectic import add_symplectic


def symplectic(
    learning_rate: LearningRate,
    *,
    weight: Any = 1.0,
    align: bool = True,
    eps: float = 0.1,
    mean_over: str = "dimension",
    transform: Transform = None,
) -> optax.GradientTransformationExtraArgs:
    """Steps `z⁺ = z − η (F + λ AᵀF)`, A = ½(J − Jᵀ): turns the field against its rotation.

    λ is ± weight, its sign aligned or not as `add_symplectic` says. In a potential game,
    where J is symmetric, and with weight 0, it is `sgda`. Price: one field evaluation, one
    jvp and one vjp, all at z and draw 0. The published notebook is
    `symplectic(rate, mean_over="tensors", transform=optax.scale_by_rms(0.9))`.

    Args:
      learning_rate: η: a number, a schedule of the update count, or `Players` of two.
      weight: the size of λ, a number or a schedule of the update count.
      align: whether the sign of λ follows the alignment rule.
      eps: what favours a positive sign in it.
      mean_over: "dimension" as the paper, or "tensors" as its notebook: what the product in
        the rule is divided by.
      transform: as in `sgda`, applied to the whole direction `F + λ AᵀF`; `project` among
        them acts on the step.

    Returns:
      An Optax transformation of `Players`; `update` needs `params` and `field_fn=`.

    Raises:
      TypeError, ValueError: as `sgda` and `add_symplectic`.

    Examples:
      >>> import minmax_jax as mm
      >>> field_fn = mm.zero_sum(lambda z: z.min * z.max)
      >>> result = mm.solve(mm.symplectic(0.5), field_fn, mm.Players(1.0, 1.0), 50)
      >>> bool(result.players.min**2 + result.players.max**2 < 1e-6)
      True

    References:
      Balduzzi, Racanière, Martens, Foerster, Tuyls, Graepel, `The mechanics of n-player
      differentiable games <https://arxiv.org/abs/1802.05642>`_, 2018.
    """
    step = two_player("symplectic", optax.identity(), learning_rate, transform)
    adjustment = add_symplectic(weight, align, eps=eps, mean_over=mean_over, name="symplectic")
    return optax.chain(adjustment, step)
