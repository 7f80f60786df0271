"""Parameter trees of realistic shapes: weight matrices and their biases."""

import math
from typing import Any

import jax
import jax.numpy as jnp


def tree(size: int, leaves: int, dtype: str, seed: int = 0) -> dict[str, jax.Array]:
    """Returns about `size` normal numbers in `leaves` leaves, half of them matrices."""
    layers = leaves // 2
    side = max(1, math.isqrt(size // layers))
    keys = jax.random.split(jax.random.key(seed), layers)

    @jax.jit
    def make(keys: jax.Array) -> dict[str, jax.Array]:
        made = {}
        for index in range(layers):
            both = jax.random.normal(keys[index], (side + 1, side), dtype)
            made[f"weight_{index}"], made[f"bias_{index}"] = both[:-1], both[-1]
        return made

    return jax.block_until_ready(make(keys))


def num_bytes(tree: Any) -> int:
    return sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(tree))


def num_floats(tree: Any) -> int:
    """Bytes of the floating-point leaves: counts and keys do not scale with the parameters."""
    leaves = jax.tree.leaves(tree)
    return sum(
        leaf.size * leaf.dtype.itemsize
        for leaf in leaves
        if jnp.issubdtype(leaf.dtype, jnp.floating)
    )
