"""Lookahead–minmax, with periodic interpolation around any base optimizer."""

from collections.abc import Callable
from typing import Any

import optax

from minmax_jax._util import calls, checks
from minmax_jax.optimizers._shared.two_player import (
    Projection,
    Transform,
    field_and_step,
    project_players,
)
from minmax_jax.optimizers.sgda import sgda
from minmax_jax.players import LearningRate
from minmax_jax.transforms.lookahead import lookahead


def lookahead_minmax(
    learning_rate: LearningRate,
    *,
    base: Callable[..., optax.GradientTransformation] | None = None,
    sync_period: int = 5,
    slow_step: Any = 0.5,
    nested_period: int | None = None,
    nested_step: Any = None,
    anchor: str = "start",
    transform: Transform = None,
    projection: Projection = None,
) -> optax.GradientTransformationExtraArgs:
    """Lookahead–minmax: interpolates between slow and current parameters every k updates.

    The base optimizer takes k = `sync_period` steps from the slow parameters s. Then both
    are set to

        s⁺ = z⁺ = s + α (z − s)

    On f(x, y) = xy with `sgda`, one period multiplies x + iy by 1 − α + α (1 + iη)ᵏ. The
    method converges if the modulus of this factor is less than 1. With k = α = 1, the method
    is the base optimizer. With nested lookahead, every K = `nested_period` updates the
    parameters are also interpolated with those at the start of these K updates (not checked
    against the paper).

    **Cost.** As for the base optimizer. The state contains a copy of the parameters for each
    of the one or two levels.

    Args:
      learning_rate: Learning rate of `base`: a number, a schedule of the update count, or
        `Players` of two.
      base: Function `base(learning_rate, transform=..., projection=...)` that creates the
        base optimizer, for example `mm.extragradient` or
        `functools.partial(mm.adam_gda, b1=0.5)`. Defaults to `sgda`. With
        `optax.inject_hyperparams`, pass `static_args=("base", "sync_period", "nested_period")`.
      sync_period: Number k of updates per period.
      slow_step: Step α in [0, 1] of the slow parameters: a number or a schedule of the update
        count.
      nested_period: Number K of updates per period of the nested level, a multiple of
        `sync_period`, or None for no nested level.
      nested_step: Step of the nested level. Defaults to `slow_step`.
      anchor: First slow parameters of both levels: `"start"` for the initial parameters, as in
        the paper, or `"lazy"` for those at the first synchronization, as in the authors' code.
      transform: Transformation applied to every field before the base optimizer, for example
        weight decay or clipping, or `Players` of two transformations.
      projection: Projection onto the constraint set, applied to the parameters by the base
        optimizer: a function of one player's parameters, or `Players` of two functions or
        None. Interpolation keeps parameters inside a convex set.

    Returns:
      A gradient transformation for `Players`. Its `update` requires `params`, and the keyword
      arguments that the base optimizer requires.

    Raises:
      TypeError: If `base` does not create an Optax gradient transformation, a period is not an
        int, or an argument of the base optimizer has the wrong type.
      ValueError: If an argument is out of range, `nested_period` is not a multiple of
        `sync_period`, or `nested_step` is given without `nested_period`.

    Examples:
      Gradient descent–ascent diverges on f(x, y) = xy; with lookahead it converges:

      >>> import minmax_jax as mm
      >>> field_fn = mm.zero_sum(lambda z: z.min * z.max)
      >>> result = mm.solve(mm.lookahead_minmax(0.3), field_fn, mm.Players(1.0, 1.0), 500)
      >>> bool(result.players.min**2 + result.players.max**2 < 1e-6)
      True

    References:
      Chavdarova, Pagliardini, Stich, Fleuret, Jaggi, `Taming GANs with lookahead–minmax
      <https://arxiv.org/abs/2006.14567>`_, 2021.
    """
    name = "lookahead_minmax"
    base = sgda if base is None else base
    if not callable(base) or not checks.takes(base, 1, "transform", "projection"):
        raise TypeError(
            f"{name}: base must be a function (learning_rate, transform=, projection=) that "
            f"returns an optimizer, got {checks.shown(base)}. Pass for example mm.extragradient, "
            "and name base in static_args if you call optax.inject_hyperparams."
        )
    # The base optimizer has its own name, so its arguments are checked under this name first.
    field_and_step(name, optax.identity(), learning_rate, transform, projection)
    learning_rate = checks.check_learning_rate(name, learning_rate)
    sync_period = checks.check_count(name, "sync_period", sync_period)
    tx = base(learning_rate, transform=transform, projection=projection)
    tx = checks.check_transformation(name, "base(learning_rate)", tx)
    tx = lookahead(tx, sync_period, slow_step, anchor=anchor, name=name)
    if nested_period is None:
        if nested_step is not None:
            raise ValueError(
                f"{name}: nested_period must be an int if nested_step is given, got None. "
                "Pass both or neither."
            )
        return _projected(name, tx, projection)
    nested_period = checks.check_count(name, "nested_period", nested_period)
    if nested_period % sync_period:
        raise ValueError(
            f"{name}: nested_period must be a multiple of sync_period={sync_period}, "
            f"got {nested_period}. Pass for example {2 * sync_period}."
        )
    outer_step = slow_step
    if nested_step is not None:
        outer_step = checks.check_number(name, "nested_step", nested_step, high=1.0)
    tx = lookahead(tx, nested_period, outer_step, anchor=anchor, name=name)
    return _projected(name, tx, projection)


def _projected(
    name: str, tx: optax.GradientTransformationExtraArgs, projection: Projection
) -> optax.GradientTransformationExtraArgs:
    """Projects the interpolated point again, because the interpolation rounds."""
    return tx if projection is None else calls.chain(name, tx, project_players(name, projection))
