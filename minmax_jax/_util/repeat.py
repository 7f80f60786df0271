"""Loops that end at a condition."""

from collections.abc import Callable
from typing import TypeVar

import jax
from jax import lax

T = TypeVar("T")


def repeat_while(condition: Callable[[T], jax.Array], body: Callable[[T], T], start: T) -> T:
    """Applies `body` as long as `condition` holds, which is computed once per round.

    Under `jax.vmap`, `lax.while_loop` computes its condition twice: whether any loop continues, and
    which loops do. XLA may round the two differently. A loop whose condition is at its limit then
    continues by the first and stands still by the second, so it never ends. Here, the condition is
    part of what the loop carries.

    Args:
      condition: Function from the value to a boolean scalar.
      body: Function from the value to the next value.
      start: Initial value.

    Returns:
      The first value for which the condition does not hold.
    """

    def advance(carry: tuple[T, jax.Array]) -> tuple[T, jax.Array]:
        value = body(carry[0])
        return value, condition(value)

    return lax.while_loop(lambda carry: carry[1], advance, (start, condition(start)))[0]
