"""LEAD, gradient descent–ascent with momentum and a coupling term."""

from typing import Any

import optax

from minmax_jax._util import calls, checks
from minmax_jax.optimizers._shared.two_player import Projection, Transform, two_player
from minmax_jax.players import LearningRate
from minmax_jax.transforms.lead import add_lead


def lead(
    learning_rate: LearningRate,
    *,
    weight: Any = 1.0,
    momentum: float = 0.1,
    transform: Transform = None,
    projection: Projection = None,
) -> optax.GradientTransformationExtraArgs:
    """LEAD: least action dynamics, with momentum and a force between the players.

    With the off-diagonal blocks J° of the field's Jacobian, the weight w and the momentum β,

        m_k = β m_{k−1} + F(z_k) + w J°(z_k) (z_k − z_{k−1})
        z_{k+1} = z_k − η m_k

    With a constant learning rate, this is the published update

        x⁺ = x + β Δx − η ∇ₓf − α ∇ₓᵧf Δy,   y⁺ = y + β Δy + η ∇ᵧf + α ∇ᵧₓf Δx

    with α = η w and the last steps Δx and Δy. On bilinear games and with β = 0 and w = 1, the
    method is `optimistic_gda`. With w = 0 it is `sgda(momentum=β)`. For GANs, the authors use
    α = 0.6, β = 0.55 and Adam (from their code): `lead(learning_rate, weight=0.6, momentum=0.0,
    transform=optax.scale_by_adam(b1=0.55))` applies Adam to the sum of field and coupling term.

    **Cost.** One field evaluation and one JVP of each player's field along the opponent's last
    step, all at z (sample index 0). The state contains two copies of the parameters.

    **Verification.** The tests compare the iterates on f = xy with the closed form
    w_{k+1} = (1 + β + i(η + α)) w_k − (β + iα) w_{k−1}, and on another game with dense linear
    algebra. The authors' code for GANs was read, not run: it updates the players one after the
    other, and the discriminator's term takes the generator's last step.

    Args:
      learning_rate: Learning rate η: a number, a schedule of the update count, or `Players`
        of two.
      weight: Weight w = α/η of the coupling term: a number or a schedule of the update count.
      momentum: Momentum β in [−1, 1].
      transform: Transformation applied to the sum of field and coupling term, or `Players` of
        two transformations.
      projection: Projection onto the constraint set, applied to the new parameters: a
        function of one player's parameters, or `Players` of two functions or None.

    Returns:
      A gradient transformation for `Players`. Its `update` requires `params` and the keyword
      argument `field_fn`.

    Raises:
      TypeError: If `learning_rate` is not a number or schedule, `weight` or `momentum` is not a
        number, `transform` is not an Optax gradient transformation, or `projection` is not
        callable.
      ValueError: If `learning_rate` or `weight` is negative or not finite, or `momentum` is not
        in [−1, 1]; in `update`, if `params` or `field_fn` is missing.

    Examples:
      Gradient descent–ascent diverges on f(x, y) = xy; LEAD converges:

      >>> import minmax_jax as mm
      >>> field_fn = mm.zero_sum(lambda z: z.min * z.max)
      >>> result = mm.solve(mm.lead(0.3), field_fn, mm.Players(1.0, 1.0), 300)
      >>> bool(result.players.min**2 + result.players.max**2 < 1e-6)
      True

    References:
      Askari Hemmat, Mitra, Lajoie, Mitliagkas, `LEAD: Min-max optimization from a physical
      perspective <https://arxiv.org/abs/2010.13846>`_, 2023, Algorithm 1 (number not
      checked).
    """
    checks.check_number("lead", "momentum", momentum, low=-1.0, high=1.0, schedule=False)
    rule = calls.with_checked_state("lead", optax.trace(momentum), optax.TraceState, "trace")
    step = two_player("lead", rule, learning_rate, transform, projection)
    return calls.chain("lead", add_lead(weight, name="lead"), step)
