"""Past extragradient (Popov's method)."""

import optax

from minmax_jax.optimizers._shared.two_player import Projection, Transform, field_and_step
from minmax_jax.players import LearningRate
from minmax_jax.transforms.past_extragradient import extrapolate_from_past


def past_extragradient(
    learning_rate: LearningRate, *, transform: Transform = None, projection: Projection = None
) -> optax.GradientTransformationExtraArgs:
    """Past extragradient: the extrapolation step reuses the previous field.

    With lookahead points z̄ and z̄_0 = z_0, the update is

        z̄_k = z_k − η F(z̄_{k−1})
        z_{k+1} = z_k − η F(z̄_k)

    Without constraints and with constant η, the lookahead points are the iterates of
    `optimistic_gda(previous="zero")`, and z_k = z̄_k + η F(z̄_{k−1}).

    **Cost.** One field evaluation per update, at the lookahead point (sample index 1). The
    field passed in is not used; XLA removes its evaluation.

    Args:
      learning_rate: Learning rate η: a number, a schedule of the update count, or `Players`
        of two.
      transform: Transformation applied to every field before the optimizer, for example
        weight decay or clipping, or `Players` of two transformations. As `params`, it
        receives the point at which the field was evaluated.
      projection: Projection onto the constraint set, applied to the lookahead point and to
        the new parameters: a function of one player's parameters, or `Players` of two
        functions or None.

    Returns:
      A gradient transformation for `Players`. Its `update` requires `params` and the keyword
      argument `field_fn`.

    Raises:
      TypeError: If `learning_rate` is not a number or schedule, `transform` is not an Optax
        gradient transformation, or `projection` is not callable.
      ValueError: If `learning_rate` is negative or not finite; in `update`, if `params` or
        `field_fn` is missing.

    Examples:
      Gradient descent–ascent diverges on f(x, y) = xy; past extragradient converges:

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
    on_field, step = field_and_step(name, optax.identity(), learning_rate, transform, projection)
    return extrapolate_from_past(step, transform=on_field, name=name)
