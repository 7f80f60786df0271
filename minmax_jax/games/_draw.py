"""PRNG keys of stochastic games."""

from typing import Any

import jax
import jax.numpy as jnp

from minmax_jax._util.types import Draw


def as_key(key: jax.Array, draw: Draw) -> Any:
    """Returns the PRNG key of a sample.

    `draw` itself is returned if it is a key, as in `solve(key=...)`. An integer is folded into
    `key`.
    """
    typed = isinstance(draw, jax.Array) and jnp.issubdtype(draw.dtype, jax.dtypes.prng_key)
    return draw if typed or jnp.ndim(draw) else jax.random.fold_in(key, draw)
