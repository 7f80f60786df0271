"""Parameter trees with realistic shapes: weight matrices and biases."""

import math
from typing import Any

import jax
import jax.numpy as jnp


def tree(size: int, leaves: int, dtype: str, seed: int = 0) -> dict[str, jax.Array]:
    """Returns about `size` normally distributed elements in `leaves` leaves, half matrices."""
    layers = leaves // 2
    side = max(1, math.isqrt(size // layers))
    made = {}
    # The same numbers in every layer: 500 random draws would take minutes to compile on a GPU.
    both = jax.random.normal(jax.random.key(seed), (side + 1, side), dtype)
    for index in range(layers):
        made[f"weight_{index}"], made[f"bias_{index}"] = jnp.copy(both[:-1]), jnp.copy(both[-1])
    return jax.block_until_ready(made)


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
