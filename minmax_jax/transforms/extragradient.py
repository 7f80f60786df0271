"""Extragradient: a trial step looks ahead, the real step uses the field found there."""

from typing import Any, NamedTuple

import jax
import optax

from minmax_jax._util import calls as _calls
from minmax_jax._util import checks, trees
from minmax_jax._util.types import FieldFn, Players, transformation

MOMENTS = ("twice", "once")


class ExtrapolateState(NamedTuple):
    """State of `extrapolate`.

    Attributes:
      count: int32 scalar, the number of updates so far.
      tx: state of the real step's rule, and of the trial step's where they share it.
      extrapolation: state of `extrapolation_tx`, or None.
      transform: state of what acts on the fields.
    """

    count: jax.Array
    tx: Any
    extrapolation: Any
    transform: Any


def extrapolate(
    tx: optax.GradientTransformation,
    extrapolation_tx: optax.GradientTransformation | None = None,
    moments: str = "twice",
    *,
    transform: optax.GradientTransformation | None = None,
    name: str = "extrapolate",
) -> optax.GradientTransformationExtraArgs:
    """Makes two steps from z of each update: a trial, and a real one with the trial's field.

    With F the field and T, U the steps that `extrapolation_tx` and `tx` make of a field at z:

        z_{k+½} = z_k + T(F(z_k))        draw 0
        z_{k+1} = z_k + U(F(z_{k+½}))    draw 1

    Both steps start at z_k, which is the `params` that the rules see, so that a `project`
    in them is projected extragradient with feasible trial points. Price: two field
    evaluations an update, the one passed in counted.

    With `extrapolation_tx=None` the rule is shared. moments="twice" lets its state (Adam's moments
    and step count) advance at the trial step and again at the real one, as the published
    code does; moments="once" starts both steps from the same state and keeps that of the
    real one. With a `extrapolation_tx` each rule has a state of its own, and moments says nothing.

    The rules are not handed `field_fn`, but `update_count=`, by which the schedules of this
    library's optimizers count updates; an Optax schedule in them counts its own calls.
    A state that averages the trial points is had by `extrapolation_tx=mm.average(tx)`.

    Args:
      tx: the rule of the real step, learning rate included.
      extrapolation_tx: the rule of the trial step; None shares `tx`.
      moments: "twice" or "once".
      transform: applied to each field before the rules, with `params` the point where that
        field was taken: the place of weight decay and clipping.
      name: Name used in error messages.

    Returns:
      A transformation of `Players`; `update` needs `params` and `field_fn=`.

    Raises:
      TypeError: if a rule is no transformation.
      ValueError: for an unknown `moments`; in `update`, when params or field_fn is missing,
        or under `optax.masked`.

    Examples:
      On f = xy, where descent–ascent diverges:

      >>> import optax
      >>> import minmax_jax as mm
      >>> field_fn = mm.zero_sum(lambda z: z.min * z.max)
      >>> tx = mm.extrapolate(optax.sgd(0.5))
      >>> result = mm.solve(tx, field_fn, mm.Players(1.0, 1.0), 200)
      >>> bool(result.players.min**2 + result.players.max**2 < 1e-6)
      True

    References:
      Korpelevich, The extragradient method for finding saddle points and other problems, 1976.
      Gidel, Berard, Vignoud, Vincent, Lacoste-Julien, `A variational inequality perspective
      on generative adversarial networks <https://arxiv.org/abs/1802.10551>`_, 2019.
    """
    checks.check_transformation(name, "tx", tx)
    checks.check_transformation(
        name, "extrapolation_tx", tx if extrapolation_tx is None else extrapolation_tx
    )
    checks.check_choice(name, "moments", moments, MOMENTS)
    transform = optax.identity() if transform is None else transform
    checks.check_transformation(name, "transform", transform)
    shared = extrapolation_tx is None
    # Any: Optax's aliases for trees do not know Players.
    real: Any = optax.with_extra_args_support(tx)
    trial: Any = (
        real if extrapolation_tx is None else optax.with_extra_args_support(extrapolation_tx)
    )
    on_field: Any = optax.with_extra_args_support(transform)

    def init_fn(params: Players) -> ExtrapolateState:
        checks.check_whole_players(name, "params", params)
        return ExtrapolateState(
            count=trees.new_count(),
            tx=real.init(params),
            extrapolation=None if shared else trial.init(params),
            transform=on_field.init(params),
        )

    def update_fn(
        updates: Players,
        state: ExtrapolateState,
        params: Players | None = None,
        *,
        field_fn: FieldFn | None = None,
        **extra: Any,
    ) -> tuple[Players, ExtrapolateState]:
        checks.check_field_fn(name, updates, params, field_fn)
        assert params is not None and field_fn is not None  # for the type checker
        calls = [_calls.inner_call(extra, i, update_count=state.count) for i in range(4)]
        field, field_state = on_field.update(updates, state.transform, params, **calls[0])
        before = state.tx if shared else state.extrapolation
        step, trial_state = trial.update(field, before, params, **calls[1])
        there = Players(*map(optax.apply_updates, params, step))
        field, field_state = on_field.update(field_fn(there, 1), field_state, there, **calls[2])
        before = trial_state if shared and moments == "twice" else state.tx
        step, real_state = real.update(field, before, params, **calls[3])
        return step, ExtrapolateState(
            count=trees.increment(state.count),
            tx=real_state,
            extrapolation=None if shared else trial_state,
            transform=field_state,
        )

    return transformation(init_fn, update_fn)
