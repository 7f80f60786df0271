"""The sample that an oracle call of a stochastic game sees."""

from typing import Any

import jax
import jax.numpy as jnp

from minmax_jax._util.types import Draw


def as_key(key: jax.Array, draw: Draw) -> Any:
    """Returns the key that `solve` sends as draw, or `fold_in(key, draw)` of an integer draw."""
    typed = isinstance(draw, jax.Array) and jnp.issubdtype(draw.dtype, jax.dtypes.prng_key)
    return draw if typed or jnp.ndim(draw) else jax.random.fold_in(key, draw)
