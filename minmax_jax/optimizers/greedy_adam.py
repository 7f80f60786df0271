"""The greedy min-max method for GANs, with Adam steps for both players."""

from typing import Literal

import optax

from minmax_jax._util import checks, trees
from minmax_jax.optimizers._shared.adam import adam_step
from minmax_jax.optimizers._shared.two_player import Projection, Transform, two_player
from minmax_jax.players import LearningRate, ScalarOrSchedule
from minmax_jax.transforms.greedy import greedy


def greedy_adam(
    learning_rate: LearningRate,
    *,
    b1: float = 0.5,
    b2: float = 0.999,
    eps: float = 1e-8,
    eps_root: float = 0.0,
    max_ascent_steps: int = 1,
    accept_every: int | None = 2,
    gradient_tolerance: ScalarOrSchedule | None = None,
    min_improvement: ScalarOrSchedule = 0.0,
    temperature: ScalarOrSchedule = 0.0,
    accept_probability: ScalarOrSchedule | None = None,
    max_rejections: int | None = None,
    tolerance_growth: ScalarOrSchedule = 1.0,
    gradient_bound: ScalarOrSchedule = float("inf"),
    stochastic: bool = True,
    draws: Literal["common", "independent"] = "common",
    overwrite_payoff: bool = False,
    restore_states: bool = True,
    restore_max: bool = True,
    transform: Transform = None,
    projection: Projection = None,
) -> optax.GradientTransformationExtraArgs:
    """The greedy min-max method with Adam steps.

    Each update proposes one Adam step of the min player, followed by k = `max_ascent_steps`
    Adam steps of the max player. Both are accepted if the payoff does not increase, and
    otherwise rejected. Every `accept_every`-th update, including the first, is accepted in
    any case.

    The defaults are the authors' values for CIFAR-10: k = 1 and `accept_every=2`. The authors use
    k = 6 and `accept_every=4` for four Gaussians, and k = 1 and `accept_every=5` for MNIST zeros
    and ones. Here a rejection also restores Adam's moments. In the authors' code it does not,
    which corresponds to `restore_states=False`. With
    `accept_every=1`, the method is alternating Adam that updates the min player first.

    **Cost.** 1 + k field evaluations per update, each for one player, and two payoff
    evaluations.

    **Range.** Moments are stored in the dtype of the parameters, in float32 for float16. In
    float32, gradients have to be smaller than 1.8e19: the square of a larger one is infinite, and
    its parameter stops moving. Squares of gradients below 4e-18 may underflow, which changes the
    step by a relative 4e-18 / `eps` at most. Derivatives of an update at a zero gradient are NaN
    unless `eps_root` is positive.

    Args:
      learning_rate: Learning rate η: a number, a schedule of the update count, or `Players`
        of two.
      b1: Decay rate of Adam's first moment.
      b2: Decay rate of Adam's second moment.
      eps: Constant added to the square root of Adam's second moment.
      eps_root: Constant added to Adam's second moment inside the square root, as in
        `optax.adam`.
      max_ascent_steps: Number k of ascent steps, or the maximum number of steps if
        `gradient_tolerance` is given.
      accept_every: Period of unconditional acceptance, or None for no unconditional
        acceptance.
      gradient_tolerance: Norm of the max player's gradient at which the ascent stops, or None
        for a fixed number of steps.
      min_improvement: Required decrease of the payoff for acceptance.
      temperature: Temperature τ: update i is accepted with probability e^{−i/τ} although it
        fails the test. Zero means never.
      accept_probability: Probability of accepting an update that fails the test, instead of a
        temperature.
      max_rejections: Maximum number of rejections in a row, or None for no limit. One more
        stops the method.
      tolerance_growth: Factor by which each acceptance multiplies `gradient_tolerance`.
      gradient_bound: Gradient norm beyond which the ascent counts as diverged.
      stochastic: Whether to evaluate the payoff at the previous parameters again, on the sample
        used for the new ones. If False, the payoff of the last accepted update is used; the
        payoff must then be deterministic.
      draws: Sample of the payoff at the previous parameters: "common" with the new ones, or
        "independent" of it, as the authors evaluate it for images.
      overwrite_payoff: Whether to compare with the payoff of the previous proposal even if that
        was rejected, as the authors do for four Gaussians. It requires `stochastic=False`.
      restore_states: Whether a rejection restores the states of both Adam optimizers.
      restore_max: Whether a rejection restores the max player's parameters.
      transform: Transformation applied to every field before the optimizer, for example
        weight decay or clipping, or `Players` of two transformations. As `params`, it
        receives the point at which the field was evaluated.
      projection: Projection onto the constraint set, applied after each step of either player:
        a function of one player's parameters, or `Players` of two functions or None.

    Returns:
      A gradient transformation for `Players`. Its `update` requires `params`, the keyword
      arguments `field_fn` and `payoff_fn`, and `key` if it accepts at random.

    Raises:
      TypeError: If `learning_rate` is not a number or schedule, `transform` is not an Optax
        gradient transformation, `projection` is not callable, or an argument of `greedy` has
        the wrong type.
      ValueError: If a number is out of range, both `temperature` and `accept_probability` are
        given, or `stochastic` contradicts `draws` or `overwrite_payoff`; in `update`, if a
        required argument is missing.

    Examples:
      F1 = −3x² − y² + 4xy is concave in x. Simultaneous Adam diverges; the greedy method stays
      bounded:

      >>> import minmax_jax as mm
      >>> game = mm.games.keswani("F1")
      >>> tx = mm.greedy_adam(0.05, b1=0.0, max_ascent_steps=20, accept_every=None)
      >>> for optimizer in (mm.adam_gda(0.05), tx):
      ...     end = mm.solve(optimizer, game.field_fn, game.start, 200, payoff_fn=game.payoff_fn)
      ...     print(bool(abs(end.players.min) < 6.0))
      False
      True

    References:
      Keswani, Mangoubi, Sachdeva, Vishnoi, `A convergent and dimension-independent min-max
      optimization algorithm <https://arxiv.org/abs/2006.12376>`_, 2022.
    """
    name = "greedy_adam"
    checks.check_learning_rate(name, learning_rate)
    sides = map(trees.by_side, (learning_rate, transform, projection))
    proposal, ascent = (
        two_player(name, adam_step(name, b1, b2, eps, eps_root=eps_root), *arguments)
        for arguments in zip(*sides, strict=True)
    )
    return greedy(
        proposal,
        ascent,
        max_ascent_steps=max_ascent_steps,
        gradient_tolerance=gradient_tolerance,
        min_improvement=min_improvement,
        temperature=temperature,
        accept_probability=accept_probability,
        accept_every=accept_every,
        max_rejections=max_rejections,
        tolerance_growth=tolerance_growth,
        gradient_bound=gradient_bound,
        stochastic=stochastic,
        draws=draws,
        overwrite_payoff=overwrite_payoff,
        restore_states=restore_states,
        restore_max=restore_max,
        name=name,
    )
