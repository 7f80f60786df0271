"""AdaDir, which takes steps with the field's length in the direction of Adam."""

import optax

from minmax_jax.optimizers._shared.adam import adam_step
from minmax_jax.optimizers._shared.two_player import Projection, Transform, two_player
from minmax_jax.players import LearningRate
from minmax_jax.transforms.graft import graft


def ada_dir(
    learning_rate: LearningRate,
    *,
    scope: str = "layer",
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
    eps_root: float = 0.0,
    bias_correction: bool = True,
    transform: Transform = None,
    projection: Projection = None,
) -> optax.GradientTransformationExtraArgs:
    """AdaDir: the direction of Adam's step with the length of SGDA's step.

    The update of leaf k is

        z_k⁺ = z_k − η ‖F_k‖ A_k / ‖A_k‖

    where A is Adam's step at learning rate one. With `scope="global"`, norms are taken over
    each player's pytree instead of each leaf. It is the counterpart of `ada_nsgda` for
    ablations: it shows the effect of Adam's direction alone. Scaling a player's loss by
    c > 0 scales its step by c.

    **Cost.** One field evaluation per update, the one passed in.

    **Range.** Moments are stored in the dtype of the parameters, in float32 for float16. In
    float32, gradients have to be smaller than 1.8e19: the square of a larger one is infinite, and
    its parameter stops moving. Squares of gradients below 4e-18 may underflow, which changes the
    step by a relative 4e-18 / `eps` at most. Derivatives of an update at a zero gradient are NaN
    unless `eps_root` is positive.

    Args:
      learning_rate: Learning rate η: a number, a schedule of the update count, or `Players`
        of two.
      scope: Group of parameters over which norms are taken: `"layer"` (each leaf) or
        `"global"` (each player's pytree).
      b1: Decay rate of Adam's first moment.
      b2: Decay rate of Adam's second moment.
      eps: Constant added to the square root of Adam's second moment.
      eps_root: Constant added to Adam's second moment inside the square root, as in
        `optax.adam`.
      bias_correction: Whether to correct Adam's moments for their initialization at zero.
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
      ValueError: If `learning_rate` is negative or not finite, `scope` is unknown, `b1` or `b2`
        is not in [0, 1), or `eps` or `eps_root` is negative.

    Examples:
      The first step has length 0.1 · 5 and the direction of sign((3, 4)):

      >>> import jax.numpy as jnp
      >>> import minmax_jax as mm
      >>> tx = mm.ada_dir(0.1)
      >>> field = mm.Players(jnp.array([3.0, 4.0]), jnp.array([0.0, 1e-6]))
      >>> step, _ = tx.update(field, tx.init(field))
      >>> print(step.min)
      [-0.35355338 -0.35355338]

    References:
      Jelassi, Dobre, Mensch, Li, Gidel, `Dissecting adaptive methods in GANs
      <https://arxiv.org/abs/2210.04319>`_, 2022. The paper gives the concept only.
    """
    rule = graft(
        magnitude=optax.identity(),
        direction=adam_step("ada_dir", b1, b2, eps, bias_correction, eps_root=eps_root),
        scope=scope,
        name="ada_dir",
    )
    return two_player("ada_dir", rule, learning_rate, transform, projection)
