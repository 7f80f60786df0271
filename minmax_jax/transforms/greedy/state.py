"""What `greedy` remembers: where a run stands, and what an update leaves of it."""

import enum
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from minmax_jax._util import trees
from minmax_jax._util.types import Players
from minmax_jax.transforms.greedy.acceptance import AcceptResult, GreedySettings
from minmax_jax.transforms.greedy.ascent import AscentResult


class GreedyStatus(enum.IntEnum):
    """Where a run of `greedy` stands.

    Attributes:
      RUNNING: proposals are being made.
      CONVERGED: more than `max_rejections` proposals in a row were rejected at a point where
        ‖∇_y f‖ is within the tolerance: a sampled greedy equilibrium.
      ASCENT_DIVERGED: an ascent met a gradient or payoff that is not finite, or a gradient
        beyond `gradient_bound`; the players are where they last were accepted.
      OUT_OF_REJECTIONS: as CONVERGED, but the accepted point's ascent had ended at its cap.
    """

    RUNNING = 0
    CONVERGED = 1
    ASCENT_DIVERGED = 2
    OUT_OF_REJECTIONS = 3


class GreedyState(NamedTuple):
    """State of `greedy`. Rejections in all are `count − accepted`.

    Attributes:
      count: int32 scalar, proposals so far; never rolls back.
      min: state of the proposal.
      max: state of the ascent.
      value: the last accepted payoff, in float32 at least; inf before the first.
      settled: whether the last accepted ascent reached its tolerance.
      accepted: int32 scalar, the number of acceptances.
      rejections: int32 scalar, rejections in a row.
      ascent_steps: int32 scalar, steps of the last ascent.
      total_ascent_steps: int32 scalar, steps of all ascents.
      status: int32 scalar, a `GreedyStatus`.
    """

    count: jax.Array
    min: Any
    max: Any
    value: jax.Array
    settled: jax.Array
    accepted: jax.Array
    rejections: jax.Array
    ascent_steps: jax.Array
    total_ascent_steps: jax.Array
    status: jax.Array


def begin(params: Players, min_state: Any, max_state: Any) -> GreedyState:
    """Returns the state before the first proposal, given those of proposal and ascent."""
    dtype = trees.accumulator_dtype(jnp.result_type(*jax.tree.leaves(params)))
    zero = jnp.zeros((), jnp.int32)
    return GreedyState(
        count=zero,
        min=min_state,
        max=max_state,
        value=jnp.full((), jnp.inf, dtype),
        settled=jnp.zeros((), bool),
        accepted=zero,
        rejections=zero,
        ascent_steps=zero,
        total_ascent_steps=zero,
        status=zero + GreedyStatus.RUNNING,
    )


def conclude(
    settings: GreedySettings,
    running: jax.Array,
    state: GreedyState,
    step: Players,
    min_state: Any,
    answer: AscentResult,
    test: AcceptResult,
) -> tuple[Players, GreedyState]:
    """Takes both steps or neither, and counts."""
    accept, diverged = running & test.accept, test.diverged
    # What an ascent that diverged has left behind is kept by no variant.
    sound = running & ~diverged
    keep_y = accept if settings.restore_max else sound
    keep_min = accept if settings.restore_states else sound
    keep_max = keep_y if settings.restore_states else sound
    rejections = jnp.where(accept, 0, state.rejections + 1)
    before = state.settled if settings.restore_max else jnp.zeros((), bool)
    settled = jnp.where(accept, answer.reached, before)
    status = state.status  # that of a run: what has ended keeps its own below
    if settings.max_rejections is not None:
        end = jnp.where(settled, GreedyStatus.CONVERGED, GreedyStatus.OUT_OF_REJECTIONS)
        status = jnp.where(rejections > settings.max_rejections, end, status)
    status = jnp.where(diverged, GreedyStatus.ASCENT_DIVERGED, status)
    counted = state._replace(
        count=trees.increment(state.count),
        value=jnp.where(accept, test.value, state.value),
        settled=settled,
        accepted=state.accepted + accept.astype(jnp.int32),
        rejections=rejections,
        ascent_steps=answer.count,
        total_ascent_steps=state.total_ascent_steps + answer.count,
        status=status.astype(jnp.int32),
    )
    after = trees.select(running, counted, state)._replace(
        min=trees.select(keep_min, min_state, state.min),
        max=trees.select(keep_max, answer.state, state.max),
    )
    zero = jax.tree.map(jnp.zeros_like, step)
    moved = Players(
        trees.select(accept, step.min, zero.min), trees.select(keep_y, step.max, zero.max)
    )
    return moved, after
