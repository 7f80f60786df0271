"""Past extragradient, Popov's method: one field evaluation a step."""

import optax

from minmax_jax.optimizers._shared.two_player import Transform, field_and_step
from minmax_jax.players import LearningRate
from minmax_jax.transforms.past_extragradient import extrapolate_from_past


def past_extragradient(
    learning_rate: LearningRate, *, transform: Transform = None
) -> optax.GradientTransformationExtraArgs:
    """Steps `z̄_k = z_k − η F(z̄_{k−1})`, `z_{k+1} = z_k − η F(z̄_k)`, with z̄_0 = z_0.

    Without constraints, and with η constant, the trial points z̄ are those of
    `optimistic_gda(previous="zero")`, and z_k = z̄_k + η F(z̄_{k−1}). Price: one field
    evaluation, at z̄_k (draw 1); the field passed in, at z_k, is not used and dead code to XLA.

    Args:
      learning_rate: η: a number, a schedule of the update count, or `Players` of two.
      transform: as in `sgda`: acts on the field at z̄_k; `project` among them acts on both
        steps, so that trial points are feasible.

    Returns:
      An Optax transformation of `Players`; `update` needs `params` and `field_fn=`.

    Raises:
      TypeError, ValueError: as `sgda`; in `update`, when params or field_fn is missing.

    Examples:
      >>> import minmax_jax as mm
      >>> field_fn = mm.zero_sum(lambda z: z.min * z.max)
      >>> result = mm.solve(mm.past_extragradient(0.3), field_fn, mm.Players(1.0, 1.0), 400)
      >>> bool(result.players.min**2 + result.players.max**2 < 1e-6)
      True

    References:
      Popov, A modification of the Arrow–Hurwicz method for search of saddle points, 1980.
      Gidel et al., `A variational inequality perspective on generative adversarial networks
      <https://arxiv.org/abs/1802.10551>`_, 2019.
    """
    name = "past_extragradient"
    on_field, step = field_and_step(name, optax.identity(), learning_rate, transform)
    return extrapolate_from_past(step, transform=on_field, name=name)
