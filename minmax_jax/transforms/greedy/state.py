"""State of the greedy method."""

import enum
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from minmax_jax._util import trees
from minmax_jax._util.types import Players
from minmax_jax.transforms.greedy.acceptance import AcceptResult, GreedySettings
from minmax_jax.transforms.greedy.ascent import AscentResult


class GreedyStatus(enum.IntEnum):
    """Status of a run of `greedy`.

    Attributes:
      RUNNING: `greedy` makes proposals.
      CONVERGED: More than `max_rejections` proposals in a row were rejected at a point where
        ‖∇_y f‖ is within the tolerance. The point is a sampled greedy equilibrium.
      ASCENT_DIVERGED: A gradient or payoff was not finite, or a gradient norm exceeded
        `gradient_bound`. The parameters are the last accepted ones.
      OUT_OF_REJECTIONS: Same as CONVERGED, except that the ascent of the accepted point made
        `max_ascent_steps` steps without reaching the tolerance.
    """

    RUNNING = 0
    CONVERGED = 1
    ASCENT_DIVERGED = 2
    OUT_OF_REJECTIONS = 3


class GreedyState(NamedTuple):
    """State of `greedy`. The total number of rejections is `count − accepted`.

    Attributes:
      count: Number of proposals so far (int32 scalar). It is never restored.
      min: State of `proposal`.
      max: State of `ascent`.
      value: Last accepted payoff, in float32 or wider; with `overwrite_payoff`, the payoff of the
        last proposal. Infinite before the first.
      settled: Whether the last accepted ascent reached its tolerance.
      accepted: Number of accepted proposals (int32 scalar).
      rejections: Number of rejections in a row (int32 scalar).
      ascent_steps: Number of steps of the last ascent (int32 scalar).
      total_ascent_steps: Number of steps of all ascents (int32 scalar).
      status: A `GreedyStatus` (int32 scalar).
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


def initial_state(params: Players, min_state: Any, max_state: Any) -> GreedyState:
    """Returns the state before the first proposal."""
    dtype = trees.wide_dtype(params)
    return GreedyState(
        count=trees.new_count(),
        min=min_state,
        max=max_state,
        value=jnp.full((), jnp.inf, dtype),
        settled=jnp.zeros((), bool),
        accepted=trees.new_count(),
        rejections=trees.new_count(),
        ascent_steps=trees.new_count(),
        total_ascent_steps=trees.new_count(),
        status=trees.new_count() + GreedyStatus.RUNNING,
    )


def conclude(
    settings: GreedySettings,
    running: jax.Array,
    state: GreedyState,
    step: Players,
    min_state: Any,
    ascent: AscentResult,
    test: AcceptResult,
) -> tuple[Players, GreedyState]:
    """Accepts or rejects the steps of both players, and returns updates and the new state.

    Args:
      settings: Settings of `greedy`.
      running: Whether the status was RUNNING before the update.
      state: State before the update.
      step: Proposed step of the min player, and the sum of the ascent steps.
      min_state: State of `proposal` after the proposed step.
      ascent: Result of the ascent.
      test: Result of the accept test.
    """
    accept, diverged = running & test.accept, test.diverged
    # All variants discard the result of a diverged ascent.
    finite = running & ~diverged
    keep_y = accept if settings.restore_max else finite
    keep_min = accept if settings.restore_states else finite
    keep_max = keep_y if settings.restore_states else finite
    keep_value = finite if settings.overwrite_payoff else accept
    rejections = jnp.where(accept, 0, trees.increment(state.rejections))
    before = state.settled if settings.restore_max else jnp.zeros((), bool)
    settled = jnp.where(accept, ascent.reached, before)
    status = state.status
    if settings.max_rejections is not None:
        end = jnp.where(settled, GreedyStatus.CONVERGED, GreedyStatus.OUT_OF_REJECTIONS)
        status = jnp.where(rejections > settings.max_rejections, end, status)
    status = jnp.where(diverged, GreedyStatus.ASCENT_DIVERGED, status)
    counted = state._replace(
        count=trees.increment(state.count, settings.accept_every or 1),
        value=jnp.where(keep_value, test.value, state.value),
        settled=settled,
        accepted=jnp.where(accept, trees.increment(state.accepted), state.accepted),
        rejections=rejections,
        ascent_steps=ascent.count,
        total_ascent_steps=_saturating_sum(state.total_ascent_steps, ascent.count),
        status=status.astype(jnp.int32),
    )
    # A run that has ended keeps its status and its counters.
    after = trees.select(running, counted, state)._replace(
        min=trees.select(keep_min, min_state, state.min),
        max=trees.select(keep_max, ascent.state, state.max),
    )
    zero = jax.tree.map(jnp.zeros_like, step)
    x_step = trees.select(accept, step.min, zero.min)
    return Players(x_step, trees.select(keep_y, step.max, zero.max)), after


def _saturating_sum(count: jax.Array, more: jax.Array) -> jax.Array:
    """Returns the sum of two counts, or the largest int32 if it is larger."""
    return count + jnp.minimum(more, jnp.iinfo(jnp.int32).max - count)
