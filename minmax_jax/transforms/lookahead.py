"""Lookahead: every k steps, go back part of the way."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from minmax_jax._util import calls, checks, trees
from minmax_jax._util.types import PyTree, transformation

ANCHORS = ("start", "lazy")


class LookaheadState(NamedTuple):
    """State of `lookahead`.

    Attributes:
      count: int32 scalar, the number of updates so far.
      slow: the slow point, where the current period began.
      tx: state of the inner method.
    """

    count: jax.Array
    slow: Any
    tx: Any


def lookahead(
    tx: optax.GradientTransformation,
    sync_period: int,
    slow_step: Any,
    *,
    anchor: str = "start",
    name: str = "lookahead",
) -> optax.GradientTransformationExtraArgs:
    """Lets `tx` make `sync_period` steps, then keeps only `slow_step` of the way they went.

    With k = `sync_period`, α = `slow_step`, and s the point where the period began:

        z_{t+1} = z_t + u_t                      u_t the step of `tx`
        and if k divides t + 1:  z_{t+1} = s + α (z_t + u_t − s)

    Both players are drawn back at once, from the same update: of a spiral this takes the
    chord, which points inwards. The state of `tx` runs on over the synchronisation. Price:
    that of `tx`, and one copy of the players.

    The slow point is read from `params` when a period begins. So `lookahead(lookahead(tx, k,
    α), K, A)` with k dividing K is nested lookahead as published: when the outer one goes
    back, the inner one starts anew from there. The paper's first slow point is the start of
    the run (anchor="start"); the released class takes its own at the first synchronisation,
    which then changes nothing (anchor="lazy").

    Args:
      tx: any method, of one tree or of two players, learning rate included.
      sync_period: steps between two synchronisations, a Python int.
      slow_step: α in [0, 1], or a schedule of the update count.
      anchor: "start" or "lazy".
      name: Name used in error messages.

    Returns:
      A transformation of what `tx` transforms; its `update` needs `params`, and whatever
      `tx` needs.

    Raises:
      TypeError: if `tx` is no transformation, or sync_period no int.
      ValueError: for a slow_step or anchor out of range; in `update`, if params is missing.

    Examples:
      The plain method inside diverges on f = xy; with going back it converges:

      >>> import minmax_jax as mm
      >>> field_fn = mm.zero_sum(lambda z: z.min * z.max)
      >>> tx = mm.lookahead(mm.sgda(0.3), sync_period=5, slow_step=0.5)
      >>> result = mm.solve(tx, field_fn, mm.Players(1.0, 1.0), 500)
      >>> bool(result.players.min**2 + result.players.max**2 < 1e-6)
      True

    References:
      Chavdarova, Pagliardini, Stich, Fleuret, Jaggi, `Taming GANs with lookahead–minmax
      <https://arxiv.org/abs/2006.14567>`_, 2021.
      Zhang, Lucas, Hinton, Ba, `Lookahead optimizer: k steps forward, 1 step back
      <https://arxiv.org/abs/1907.08610>`_, 2019.
    """
    checks.check_transformation(name, "tx", tx)
    checks.check_count(name, "sync_period", sync_period)
    checks.check_number(name, "slow_step", slow_step, high=1.0)
    checks.check_choice(name, "anchor", anchor, ANCHORS)
    inner = optax.with_extra_args_support(tx)

    def init_fn(params: PyTree) -> LookaheadState:
        checks.check_floats(name, "params", params)
        # A copy: params and state may both be donated to a compiled step.
        slow = jax.tree.map(jnp.array, params)
        return LookaheadState(trees.new_count(), slow, inner.init(params))

    def update_fn(
        updates: PyTree, state: LookaheadState, params: PyTree | None = None, **extra: Any
    ) -> tuple[PyTree, LookaheadState]:
        if params is None:
            raise ValueError(
                f"{name}: update needs params, which the slow point is taken from: "
                "optimizer.update(updates, state, params)."
            )
        count = state.count
        begins, ends = count % sync_period == 0, (count + 1) % sync_period == 0
        if anchor == "lazy":
            ends &= count >= sync_period
        slow = jax.tree.map(lambda z, s: jnp.where(begins, z, s), params, state.slow)
        step, tx_state = inner.update(updates, state.tx, params, **extra)
        part = calls.value_at(slow_step, count)

        def go_back(u: jax.Array, s: jax.Array, z: jax.Array) -> jax.Array:
            gone = z - s
            back = part.astype(u.dtype) * (gone + u) - gone
            return jnp.where(ends, back.astype(u.dtype), u)

        return jax.tree.map(go_back, step, slow, params), LookaheadState(
            count=trees.increment(count), slow=slow, tx=tx_state
        )

    return transformation(init_fn, update_fn)
