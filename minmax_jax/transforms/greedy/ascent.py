"""The max player's climb from where he stands: fixed steps, or until his gradient is small."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import lax

from minmax_jax._util import calls, norms, trees
from minmax_jax._util.types import FieldFn, Players, PyTree


class AscentResult(NamedTuple):
    """Where a climb has got to.

    Attributes:
      step: the sum of its steps.
      state: the rule's state after them.
      count: int32 scalar, the number of steps.
      reached: whether the climb ended because the gradient was small enough.
      diverged: whether it met a gradient that is not finite, or beyond the bound.
    """

    step: Any
    state: Any
    count: jax.Array
    reached: jax.Array
    diverged: jax.Array


def ascend(
    rule: Any,
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
    """Lets the max player climb from `players`, the min player standing still.

    Step i takes the field of draw i + 1, and key and extras of inner call i + 1. A gradient
    is looked at before the step that it makes: k steps cost k fields, k + 1 where the last
    one said that it was enough. Without a tolerance the loop is unrolled, which convolutions
    on a CPU need (inside a while loop XLA runs them many times slower).

    Args:
      rule: an Optax transformation with extra arguments.
      field_fn: the field.
      players: where to start; the min player at the proposed point.
      state: the rule's state.
      extra: extra arguments for the rule.
      max_steps: at most so many steps, a Python int.
      tolerance: the gradient's norm at which to stop, or None for exactly `max_steps`.
      bound: the gradient's norm beyond which the climb has diverged.
      allowed: whether to climb at all (with a tolerance only).
    """
    x, y = players
    no = jnp.zeros((), bool)
    start = AscentResult(jax.tree.map(jnp.zeros_like, y), state, jnp.zeros((), jnp.int32), no, no)

    def move(now: AscentResult) -> tuple[AscentResult, PyTree]:
        there = optax.apply_updates(y, now.step)
        field = field_fn(Players(x, there), now.count + 1).max
        inner = calls.inner_call(extra, now.count + 1)
        step, after = rule.update(field, now.state, there, **inner)
        step = jax.tree.map(lambda total, part: total + part.astype(total.dtype), now.step, step)
        return now._replace(step=step, state=after, count=now.count + 1), field

    if tolerance is None:
        for _ in range(max_steps):
            start = move(start)[0]
        return start

    def body(now: AscentResult) -> AscentResult:
        after, field = move(now)
        norm = norms.norm(field)
        diverged = ~(jnp.isfinite(norm) & (norm <= bound))
        stop = diverged | (norm <= tolerance)
        moved = trees.select(stop, now, after)
        return moved._replace(reached=stop & ~diverged, diverged=diverged)

    def goes_on(now: AscentResult) -> jax.Array:
        return allowed & (now.count < max_steps) & ~now.reached & ~now.diverged

    return lax.while_loop(goes_on, body, start)
