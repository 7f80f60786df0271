"""The adaptive golden ratio algorithm (aGRAAL)."""

from typing import Any

import optax

from minmax_jax._util import calls
from minmax_jax.optimizers._shared.two_player import (
    Projection,
    Transform,
    field_and_step,
    project_players,
)
from minmax_jax.players import LearningRate
from minmax_jax.transforms.golden_ratio import adaptive_step_from_average


def adaptive_golden_ratio(
    learning_rate: LearningRate = 1.0,
    *,
    phi: Any = 1.5,
    initial_step_size: Any = None,
    max_step_size: Any = 1e6,
    transform: Transform = None,
    projection: Projection = None,
) -> optax.GradientTransformationExtraArgs:
    """The adaptive golden ratio algorithm (aGRAAL), which needs no learning rate.

    The step size follows the inverse of the local Lipschitz constant of the field. With a scale
    η (`learning_rate`, normally 1), ρ = 1/φ + 1/φ², c_0 = z_0, θ_0 = 1 and the projection P:

        s_k = min(ρ s_{k−1}, φθ_{k−1}/(4 s_{k−1}) ‖z_k − z_{k−1}‖² / ‖F(z_k) − F(z_{k−1})‖², s_max)
        c_k = ((φ − 1) z_k + c_{k−1}) / φ
        θ_k = φ s_k / s_{k−1}
        z_{k+1} = P(c_k − η s_k F(z_k))

    The norms are taken over both players. It converges for monotone fields that are locally
    Lipschitz. Step sizes grow by at most the factor ρ per update, which is 10/9 for φ = 1.5. If
    the parameters or the field did not change, s_k = ρ s_{k−1}.

    **Noise.** The method is not for noisy fields. Noise looks like a large Lipschitz constant and
    makes the steps shorter, which makes the share of noise in the next difference of two
    fields larger. After a few dozen updates on minibatches, the players stop.

    **First step.** If `initial_step_size` is None, the first update is a short probing step
    against the field, of length 0.01 max(1, ‖z‖), and the algorithm starts at its end with
    s_0 = φ/2 ‖z_1 − z_0‖ / ‖F(z_1) − F(z_0)‖. The author's code perturbs z_0 randomly by 1e-9,
    which float32 cannot resolve. Multiplying the payoff by a constant does not change
    the iterates.

    **Cost.** One field evaluation per update, the one passed in. The state contains three copies
    of the parameters.

    **Verification.** The tests compare the iterates with the formulas in NumPy on a matrix game
    with simplices, and check the invariance and the largest growth. The formulas agree with
    the author's code, and with a public version of the preprint that was written for a proof
    assistant.

    Args:
      learning_rate: Scale η of the step: a number, a schedule of the update count, or `Players`
        of two. The theory is for 1.
      phi: Averaging constant φ in (1, (1 + √5)/2]. A value close to 1 allows larger growth.
      initial_step_size: First step size s_0, or None for a probing step.
      max_step_size: Largest step size s_max.
      transform: Transformation applied to the field before the optimizer, for example weight
        decay or clipping, or `Players` of two transformations.
      projection: Projection onto the constraint set, applied to the new parameters: a
        function of one player's parameters, or `Players` of two functions or None.

    Returns:
      A gradient transformation for `Players`. Its `update` requires `params`.

    Raises:
      TypeError: If `learning_rate` is not a number or schedule, another number is not a number,
        `transform` is not an Optax gradient transformation, or `projection` is not callable.
      ValueError: If `learning_rate` or a step size is negative or not finite, or `phi` is less
        than 1; in `update`, if `params` is missing.

    Examples:
      The payoff f(x, y) = 1000 xy needs learning rates below 0.001. The adaptive method finds
      them:

      >>> import minmax_jax as mm
      >>> field_fn = mm.zero_sum(lambda z: 1000 * z.min * z.max)
      >>> result = mm.solve(mm.adaptive_golden_ratio(), field_fn, mm.Players(1.0, 1.0), 200)
      >>> bool(result.players.min**2 + result.players.max**2 < 1e-6)
      True

    References:
      Malitsky, `Golden ratio algorithms for variational inequalities
      <https://arxiv.org/abs/1803.08832>`_, 2020, Algorithm 1 of the preprint.
    """
    name = "adaptive_golden_ratio"
    on_field, scale = field_and_step(name, optax.identity(), learning_rate, transform)
    step = adaptive_step_from_average(scale, phi, initial_step_size, max_step_size, name=name)
    return calls.chain(name, on_field, step, project_players(name, projection))
