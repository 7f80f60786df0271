"""The greedy min-max method as it is used for GANs: Adam proposes, Adam answers."""

import optax

from minmax_jax._util import checks, trees
from minmax_jax.optimizers._shared.adam import adam_step
from minmax_jax.optimizers._shared.two_player import Transform, two_player
from minmax_jax.players import LearningRate, ScalarOrSchedule
from minmax_jax.transforms.greedy import greedy


def greedy_adam(
    learning_rate: LearningRate,
    *,
    b1: float = 0.5,
    b2: float = 0.999,
    eps: float = 1e-8,
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
    restore_states: bool = True,
    restore_max: bool = True,
    transform: Transform = None,
) -> optax.GradientTransformationExtraArgs:
    """`greedy` with one Adam step of x as proposal and k Adam steps of y as ascent.

    Accepted where the payoff does not rise, and at each `accept_every`-th update whatever
    comes; the first update is one of them. The defaults are the authors' for CIFAR-10 (k = 1
    and every second; four Gaussians: 6 and 4; MNIST 0/1: 1 and 5), save that a rejection
    restores both players and the moments: theirs is `restore_states=False`.

    `accept_every=1` is alternating Adam, the min player first. The schedules of the rates
    count updates; `transform` acts on every field that either player meets. Price: 1 + k
    field evaluations, each for one player, and two payoffs.

    Args:
      learning_rate: a number, a schedule of the update count, or `Players` of two.
      b1: decay of the first moment.
      b2: decay of the second moment.
      eps: added to the root of the second moment.
      max_ascent_steps: k, or where there is a gradient_tolerance the most steps.
      accept_every: see above; None: only what passes the test.
      gradient_tolerance: as in `greedy`, like min_improvement, temperature,
        accept_probability, max_rejections, tolerance_growth, gradient_bound, stochastic,
        restore_states and restore_max.
      min_improvement: see there.
      temperature: see there.
      accept_probability: see there.
      max_rejections: see there.
      tolerance_growth: see there.
      gradient_bound: see there.
      stochastic: see there.
      restore_states: see there.
      restore_max: see there.
      transform: as in `sgda`.

    Returns:
      A transformation of `Players`; `update` needs `params`, `field_fn=`, `payoff_fn=` and,
      where it accepts at random, `key=`.

    Raises:
      TypeError, ValueError: as `sgda` and `greedy`.

    Examples:
      F1 = −3x² − y² + 4xy, concave in x, where Adam on both sides diverges:

      >>> import minmax_jax as mm
      >>> game = mm.games.keswani("F1")
      >>> tx = mm.greedy_adam(0.05, b1=0.0, max_ascent_steps=100, accept_every=None)
      >>> for optimizer in (mm.adam_gda(0.05), tx):
      ...     end = mm.solve(optimizer, game.field_fn, game.start, 500, payoff_fn=game.payoff_fn)
      ...     print(bool(abs(end.players.min) < 6.0))
      False
      True

    References:
      Mangoubi, Sachdeva, Vishnoi, `A provably convergent and practical algorithm for min-max
      optimization with applications to GANs <https://arxiv.org/abs/2006.12376>`_, 2020.
    """
    name = "greedy_adam"
    checks.check_learning_rate(name, learning_rate)
    rates = trees.by_side(learning_rate)
    transforms = trees.by_side(transform)
    proposal, ascent = (
        two_player(name, adam_step(name, b1, b2, eps), rate, on_field)
        for rate, on_field in zip(rates, transforms, strict=True)
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
        restore_states=restore_states,
        restore_max=restore_max,
        name=name,
    )
