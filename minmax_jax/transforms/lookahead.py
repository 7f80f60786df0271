"""Lookahead, with periodic interpolation between slow and current parameters."""

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
      count: Number of updates so far (int32 scalar). At 2³¹ − 1 it goes back by one period
        instead of overflowing, so that synchronization continues.
      slow: Slow parameters, which are the parameters at the start of the current period.
      tx: State of the inner optimizer.
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
    """Interpolates between slow and current parameters every `sync_period` updates.

    Let k = `sync_period`, α = `slow_step`, u_t the step of `tx`, and s the parameters at the
    start of the current period:

        z_{t+1} = z_t + u_t
        z_{t+1} = s + α (z_t + u_t − s)    # if k divides t + 1

    Both players are interpolated in the same update. If the iterates spiral outwards, the
    interpolated point lies on a chord, which leads inwards. The state of `tx` is not reset.

    The slow parameters are read from `params` at the start of each period. Therefore
    `lookahead(lookahead(tx, k, α), K, A)`, where k divides K, is nested lookahead as published:
    when the outer lookahead interpolates, the inner one continues from the result. In the
    paper, the first slow parameters are the initial ones (`anchor="start"`). The authors' code
    sets them at the first synchronization, which then has no effect (`anchor="lazy"`).

    **Cost.** The cost of `tx`, and one copy of the parameters.

    Args:
      tx: Optimizer of one tree or of both players, including the learning rate.
      sync_period: Number of updates k per period, a Python int.
      slow_step: Interpolation weight α in [0, 1]: a number or a schedule of the update count.
      anchor: First slow parameters, `"start"` or `"lazy"`.
      name: Name used in error messages.

    Returns:
      A gradient transformation of the same trees as `tx`. Its `update` requires `params` and
      the arguments that `tx` requires.

    Raises:
      TypeError: If `tx` is not an Optax gradient transformation, `sync_period` is not an int,
        or `slow_step` is not a number or a schedule.
      ValueError: If `sync_period` is less than 1, `slow_step` is not in [0, 1], or `anchor` is
        unknown. In `update`, if params is missing.

    Examples:
      The inner optimizer diverges on f = xy; with lookahead it converges:

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
    inner = checks.check_transformation(name, "tx", tx)
    sync_period = checks.check_count(name, "sync_period", sync_period)
    slow_step = checks.check_number(name, "slow_step", slow_step, high=1.0)
    checks.check_choice(name, "anchor", anchor, ANCHORS)

    def init_fn(params: PyTree) -> LookaheadState:
        checks.check_floats(name, "params", params)
        # Copy the leaves: params and state may both be donated to a compiled step.
        slow = jax.tree.map(jnp.array, params)
        return LookaheadState(trees.new_count(), slow, inner.init(params))

    def update_fn(
        updates: PyTree, state: LookaheadState, params: PyTree | None = None, **extra: Any
    ) -> tuple[PyTree, LookaheadState]:
        params = checks.check_params(name, params, "it reads the slow parameters from them")
        checks.check_match(name, updates, params)
        checks.check_state(name, state, LookaheadState, params, "slow")
        count = state.count
        phase = count % sync_period
        begins, ends = phase == 0, phase == sync_period - 1
        if anchor == "lazy":
            ends &= count >= sync_period
        slow = trees.select(begins, params, state.slow)
        step, tx_state = inner.update(updates, state.tx, params, **extra)
        alpha = calls.value_at(slow_step, count)

        def interpolate(u: jax.Array, s: jax.Array, z: jax.Array) -> jax.Array:
            moved = z - s
            back = alpha.astype(u.dtype) * (moved + u) - moved
            return jnp.where(ends, back.astype(u.dtype), u)

        return jax.tree.map(interpolate, step, slow, params), LookaheadState(
            count=trees.increment(count, sync_period), slow=slow, tx=tx_state
        )

    return transformation(init_fn, update_fn)
