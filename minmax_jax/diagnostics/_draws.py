"""Which samples a diagnostic asks a stochastic field for."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from minmax_jax._util.types import Draw


def draw_fn(key: jax.Array | None) -> Callable[[Any], Draw]:
    """Returns `index -> draw`: the integer itself, or a key folded with it, as in `solve`."""
    if key is None:
        return lambda index: jnp.asarray(index, jnp.int32)
    return lambda index: jax.random.fold_in(key, index)
