"""Field and payoff of one update, with fresh or common samples."""

from collections.abc import Callable
from typing import Any

import jax

import minmax_jax as mm


def update_oracles(
    field_fn: Callable[..., Any], payoff_fn: Callable[..., Any], key: jax.Array, *, fresh: bool
) -> tuple[mm.FieldFn, mm.PayoffFn]:
    """Returns the field and the payoff of one update as functions of players and draw.

    Args:
      field_fn: Function `(players, key) -> Players`.
      payoff_fn: Function `(players, key) -> scalar`.
      key: Key of the update.
      fresh: Whether each oracle call of the update has its own batch; otherwise all calls share
        one batch.
    """

    def key_of(draw: Any) -> jax.Array:
        return jax.random.fold_in(key, draw if fresh else 0)

    return (
        lambda players, draw=0: field_fn(players, key_of(draw)),
        lambda players, draw=0: payoff_fn(players, key_of(draw)),
    )
