"""Sample indices and keys for diagnostics of stochastic fields."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from minmax_jax._util.types import Draw


def draw_fn(key: jax.Array | None) -> Callable[[Any], Draw]:
    """Returns a function from a sample index to the `draw` argument of a field.

    Without a key, `draw` is the index itself. With a key, it is the key folded with the
    index, as in `solve`.
    """
    if key is None:
        return lambda index: jnp.asarray(index, jnp.int32)
    return lambda index: jax.random.fold_in(key, index)
