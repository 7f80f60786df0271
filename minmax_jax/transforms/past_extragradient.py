"""Extrapolation from the past: the trial step reuses the last trial's field."""

from typing import Any, NamedTuple

import jax
import optax

from minmax_jax._util import calls as _calls
from minmax_jax._util import checks, trees
from minmax_jax._util.types import FieldFn, Players, transformation

MOMENTS = ("twice", "once")


class PastState(NamedTuple):
    """State of `extrapolate_from_past`.

    Attributes:
      count: int32 scalar, the number of updates so far.
      previous_field: the field at the last trial point, transformed; zero before the first.
      tx: state of the rule.
      transform: state of what acts on the fields.
    """

    count: jax.Array
    previous_field: Any
    tx: Any
    transform: Any


def extrapolate_from_past(
    tx: optax.GradientTransformation,
    moments: str = "twice",
    *,
    transform: optax.GradientTransformation | None = None,
    name: str = "extrapolate_from_past",
) -> optax.GradientTransformationExtraArgs:
    """Extragradient at the price of descent–ascent: the trial step takes a field already known.

    With U the step that `tx` makes of a field at z (Popov, 1980, with z̄_0 = z_0):

        z̄_k = z_k + U(F(z̄_{k−1}))       no call; z̄_0 = z_0
        z_{k+1} = z_k + U(F(z̄_k))       draw 1

    The players that `update` moves are the z_k. Without constraints, and with U = −η, the
    trial points obey `z̄_{k+1} = z̄_k − 2η F(z̄_k) + η F(z̄_{k−1})`: they are optimistic
    descent–ascent whose previous field starts at zero. Both steps start at z_k, so that a
    `project` in `tx` keeps z_k and z̄_k feasible.

    Price: one field evaluation an update, at z̄_k. The field that is passed in, taken at
    z_k, is not used: it is dead code to XLA where both stand in one compiled function.

    A stateful `tx` advances at both steps, twice with each field (moments="twice", as
    published code does), or at the real step alone ("once"). At the first update, which has
    no past, it makes the real step only.

    Args:
      tx: the rule of both steps, learning rate included; it is handed `update_count=`.
      moments: "twice" or "once".
      transform: applied once to each field that is evaluated, with `params` the point
        where it was taken.
      name: Name used in error messages.

    Returns:
      A transformation of `Players`; `update` needs `params` and `field_fn=`.

    Raises:
      TypeError: if `tx` is no transformation.
      ValueError: for an unknown `moments`; in `update`, when params or field_fn is missing,
        or under `optax.masked`.

    Examples:
      >>> import optax
      >>> import minmax_jax as mm
      >>> field_fn = mm.zero_sum(lambda z: z.min * z.max)
      >>> tx = mm.extrapolate_from_past(optax.sgd(0.3))
      >>> result = mm.solve(tx, field_fn, mm.Players(1.0, 1.0), 300)
      >>> bool(result.players.min**2 + result.players.max**2 < 1e-6)
      True

    References:
      Popov, A modification of the Arrow–Hurwicz method for search of saddle points, 1980.
      Gidel et al., `A variational inequality perspective on generative adversarial networks
      <https://arxiv.org/abs/1802.10551>`_, 2019.
    """
    transform = optax.identity() if transform is None else transform
    for argument, part in (("tx", tx), ("transform", transform)):
        checks.check_transformation(name, argument, part)
    checks.check_choice(name, "moments", moments, MOMENTS)
    # Any: Optax's aliases for trees do not know Players.
    rule: Any = optax.with_extra_args_support(tx)
    on_field: Any = optax.with_extra_args_support(transform)

    def init_fn(params: Players) -> PastState:
        checks.check_whole_players(name, "params", params)
        return PastState(
            count=trees.new_count(),
            previous_field=optax.tree.zeros_like(params),
            tx=rule.init(params),
            transform=on_field.init(params),
        )

    def update_fn(
        updates: Players,
        state: PastState,
        params: Players | None = None,
        *,
        field_fn: FieldFn | None = None,
        **extra: Any,
    ) -> tuple[Players, PastState]:
        checks.check_field_fn(name, updates, params, field_fn)
        assert params is not None and field_fn is not None  # for the type checker
        calls = [_calls.inner_call(extra, i, update_count=state.count) for i in range(3)]
        trial, advanced = rule.update(state.previous_field, state.tx, params, **calls[0])
        first = state.count == 0
        trial = trees.select(first, optax.tree.zeros_like(trial), trial)
        there = Players(*map(optax.apply_updates, params, trial))
        field, field_state = on_field.update(field_fn(there, 1), state.transform, there, **calls[1])
        before = trees.select(first, state.tx, advanced) if moments == "twice" else state.tx
        step, after = rule.update(field, before, params, **calls[2])
        return step, PastState(
            count=trees.increment(state.count),
            previous_field=jax.tree.map(
                lambda f, last: f.astype(last.dtype), field, state.previous_field
            ),
            tx=after,
            transform=field_state,
        )

    return transformation(init_fn, update_fn)
