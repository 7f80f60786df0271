"""Parameter trees with realistic shapes: weight matrices and biases."""

import math
from typing import Any

import jax
import jax.numpy as jnp


def tree(size: int, leaves: int, dtype: str, seed: int = 0) -> dict[str, jax.Array]:
    """Returns about `size` normally distributed elements in `leaves` leaves, half matrices."""
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
    """Returns the number of bytes of a tree."""
    return sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(tree))


def num_float_bytes(tree: Any) -> int:
    """Returns the bytes of the floating-point leaves, without counts and keys."""
    leaves = jax.tree.leaves(tree)
    return sum(
        leaf.size * leaf.dtype.itemsize
        for leaf in leaves
        if jnp.issubdtype(leaf.dtype, jnp.floating)
    )
