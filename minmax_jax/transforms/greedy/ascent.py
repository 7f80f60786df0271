"""Gradient ascent of the max player, with or without a stopping tolerance."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import lax

from minmax_jax._util import calls, norms, trees
from minmax_jax._util.types import FieldFn, Players, PyTree


class AscentResult(NamedTuple):
    """Result of `ascend`.

    Attributes:
      step: Sum of all steps.
      state: Optimizer state after the last step.
      count: Number of steps (int32 scalar).
      reached: Whether the ascent stopped because the gradient norm was within the tolerance.
      diverged: Whether a gradient was not finite or its norm exceeded the bound.
    """

    step: Any
    state: Any
    count: jax.Array
    reached: jax.Array
    diverged: jax.Array


def ascend(
    tx: Any,
    field_fn: FieldFn,
    players: Players,
    state: Any,
    extra: dict[str, Any],
    *,
    max_steps: int,
    tolerance: jax.Array | None,
    bound: Any,
    allowed: jax.Array | bool = True,
) -> AscentResult:
    """Runs gradient ascent of the max player with fixed parameters of the min player.

    Step i = 0, 1, … evaluates the field with sample index i + 1. If `extra` has a `key`, `tx`
    receives `fold_in(key, i + 1)`. With a tolerance, the stopping test runs before each step, so
    k steps cost k field evaluations, plus one if the test ends the ascent. Without a tolerance,
    the loop is unrolled, because XLA's CPU backend runs convolutions inside a while loop many
    times slower.

    Args:
      tx: Optimizer of the max player, with support for extra arguments.
      field_fn: Field function.
      players: Starting point, with the proposed parameters of the min player.
      state: State of `tx`.
      extra: Extra arguments for `tx`.
      max_steps: Maximum number of steps, a Python int.
      tolerance: Gradient norm at which to stop, or None for exactly `max_steps` steps.
      bound: Gradient norm above which the ascent has diverged. Not used without a tolerance.
      allowed: Whether to make any steps. Not used without a tolerance.

    Returns:
      An `AscentResult`.
    """
    x, y = players
    false = jnp.zeros((), bool)
    zero = jax.tree.map(jnp.zeros_like, y)
    start = AscentResult(zero, state, trees.new_count(), reached=false, diverged=false)

    def make_step(now: AscentResult) -> tuple[AscentResult, PyTree]:
        """Returns the result after one more step, and the gradient that it used."""
        here = optax.apply_updates(y, now.step)
        field = field_fn(Players(x, here), now.count + 1).max
        inner = calls.inner_call(extra, now.count + 1)
        step, after = tx.update(field, now.state, here, **inner)
        step = jax.tree.map(lambda total, part: total + part.astype(total.dtype), now.step, step)
        return now._replace(step=step, state=after, count=now.count + 1), field

    if tolerance is None:
        for _ in range(max_steps):
            start, _ = make_step(start)
        return start

    def body(now: AscentResult) -> AscentResult:
        after, field = make_step(now)
        norm = norms.norm(field)
        diverged = ~(jnp.isfinite(norm) & (norm <= bound))
        stop = diverged | (norm <= tolerance)
        moved = trees.select(stop, now, after)
        return moved._replace(reached=stop & ~diverged, diverged=diverged)

    def continues(now: AscentResult) -> jax.Array:
        return allowed & (now.count < max_steps) & ~now.reached & ~now.diverged

    return lax.while_loop(continues, body, start)
