"""Joins the small leaves of a tree into vectors, and separates them again.

On a GPU, starting a kernel for a few numbers takes longer than the kernel. What a loop computes
for all small arrays of its state takes one kernel per vector, instead of one or more per array.
"""

import itertools
from typing import Any

import jax
import jax.numpy as jnp

from minmax_jax import fsdp

SMALL = fsdp.MIN_SIZE
"""Number of elements below which a leaf is joined with others. It is not divided among devices."""


class Packing:
    """Layout of a tree whose small leaves are joined into one vector per dtype.

    Args:
      tree: Tree of arrays, or of their shapes.
    """

    def __init__(self, tree: Any) -> None:
        self._leaves, self._structure = jax.tree.flatten(jax.eval_shape(lambda: tree))
        self._groups: dict[Any, list[int]] = {}
        for number, leaf in enumerate(self._leaves):
            if leaf.size < SMALL:
                self._groups.setdefault(leaf.dtype, []).append(number)
        small = set(itertools.chain(*self._groups.values()))
        self._large = [number for number in range(len(self._leaves)) if number not in small]

    def pack(self, tree: Any) -> tuple[list[jax.Array], list[jax.Array]]:
        """Returns the large leaves of a tree, and the vectors of its small leaves."""
        leaves = jax.tree.leaves(tree)
        vectors = [
            jnp.concatenate([leaves[number].reshape(-1) for number in group])
            for group in self._groups.values()
        ]
        return [leaves[number] for number in self._large], vectors

    def unpack(self, packed: tuple[list[jax.Array], list[jax.Array]]) -> Any:
        """Returns the tree that `pack` has joined."""
        large, vectors = packed
        found = dict(zip(self._large, large, strict=True))
        for group, vector in zip(self._groups.values(), vectors, strict=True):
            ends = [*itertools.accumulate(self._leaves[number].size for number in group)]
            for number, part in zip(group, jnp.split(vector, ends[:-1]), strict=True):
                found[number] = part.reshape(self._leaves[number].shape)
        return jax.tree.unflatten(self._structure, [found[number] for number in sorted(found)])
