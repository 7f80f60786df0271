"""The extragradient method."""

import optax

from minmax_jax.optimizers._shared.two_player import Transform, field_and_step
from minmax_jax.players import LearningRate
from minmax_jax.transforms.extragradient import extrapolate


def extragradient(
    learning_rate: LearningRate,
    *,
    extrapolation_learning_rate: LearningRate | None = None,
    transform: Transform = None,
) -> optax.GradientTransformationExtraArgs:
    """Steps `z_{k+½} = z_k − γ F(z_k)`, `z_{k+1} = z_k − η F(z_{k+½})`.

    On f = xy with γ = η the squared distance shrinks by 1 − η² + η⁴ a step. A γ larger than
    η explores aggressively and updates conservatively, which noise asks for; γ = 0 is
    `sgda`. Price: two field evaluations, at draws 0 and 1, the one passed in counted.

    Args:
      learning_rate: η: a number, a schedule of the update count, or `Players` of two.
      extrapolation_learning_rate: γ, likewise; None: γ = η.
      transform: as in `sgda`: acts on both fields, each with the point where it was taken
        as params; `project` among them acts on both steps, so that trial points are feasible.

    Returns:
      An Optax transformation of `Players`; `update` needs `params` and `field_fn=`.

    Raises:
      TypeError, ValueError: as `sgda`; in `update`, when params or field_fn is missing.

    Examples:
      >>> import minmax_jax as mm
      >>> field_fn = mm.zero_sum(lambda z: z.min * z.max)
      >>> result = mm.solve(mm.extragradient(0.5), field_fn, mm.Players(1.0, 1.0), 100)
      >>> bool(result.players.min**2 + result.players.max**2 < 1e-6)
      True

    References:
      Korpelevich, The extragradient method for finding saddle points and other problems, 1976.
      Hsieh, Iutzeler, Malick, Mertikopoulos, `Explore aggressively, update conservatively
      <https://arxiv.org/abs/2003.10162>`_, 2020.
    """
    name = "extragradient"
    on_field, step = field_and_step(name, optax.identity(), learning_rate, transform)
    trial = None
    if extrapolation_learning_rate is not None:
        _, trial = field_and_step(name, optax.identity(), extrapolation_learning_rate, transform)
    return extrapolate(step, trial, transform=on_field, name=name)
