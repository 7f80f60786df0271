"""Compiled loops over the updates of an optimizer."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from minmax_jax._util import trees
from minmax_jax._util.types import Players, PyTree

Update = Callable[..., tuple[Players, Any, Any]]
"""Function `(players, state, field, step)` that returns the next players and state, and a record.

If the field is None, it evaluates the field itself.
"""


def scan(
    update_fn: Update, first: tuple[Players, Any], num_steps: int
) -> tuple[Players, Any, PyTree]:
    """Returns the players and the state after all updates, and the stacked records."""

    def step_fn(carry: tuple[Players, Any], step: jax.Array) -> tuple[tuple[Players, Any], Any]:
        z, state, seen = update_fn(*carry, None, step)
        return (z, state), seen

    carry, records = lax.scan(step_fn, first, jnp.arange(num_steps))
    return (*carry, records)


class _Carry(NamedTuple):
    """Values that `until` keeps between updates."""

    players: Players
    state: Any
    field: Players
    residual: jax.Array
    step: jax.Array
    records: PyTree


def until(
    update_fn: Update,
    look: Callable[[Players, Any], tuple[Players, jax.Array]],
    first: tuple[Players, Any],
    num_steps: int,
    tolerance: Any,
) -> tuple[Players, Any, PyTree, jax.Array, jax.Array]:
    """Runs updates until the residual is at most `tolerance`, or all of them.

    Each field is evaluated once: for the residual, and for the update that may follow.

    Args:
      update_fn: One update.
      look: Function `(players, step)` that returns the field and the residual.
      first: Initial players and state.
      num_steps: Largest number of updates.
      tolerance: Residual at which the loop ends. It ends at NaN too.

    Returns:
      Players, state, records with zeros in the rows of updates that did not run, the number of
      updates, and whether the residual is at most `tolerance`.
    """

    def is_running(carry: _Carry) -> jax.Array:
        # The comparison is False for NaN.
        return (carry.step < num_steps) & (carry.residual > tolerance)

    def step_fn(carry: _Carry) -> _Carry:
        z, state, seen = update_fn(carry.players, carry.state, carry.field, carry.step)
        records = jax.tree.map(lambda rows, row: rows.at[carry.step].set(row), carry.records, seen)
        field, residual = look(z, carry.step + 1)
        return _Carry(z, state, field, residual, carry.step + 1, records)

    step = trees.new_count()
    field, residual = look(first[0], step)
    shapes = jax.eval_shape(lambda: update_fn(*first, field, step)[2])
    records = jax.tree.map(lambda row: jnp.zeros((num_steps, *row.shape), row.dtype), shapes)
    if num_steps == 0:  # An update could not write into records without rows.
        return *first, records, step, residual <= tolerance
    end = lax.while_loop(is_running, step_fn, _Carry(*first, field, residual, step, records))
    return end.players, end.state, end.records, end.step, end.residual <= tolerance
