"""Calls of functions on arrays that are sharded over explicit mesh axes."""

from collections.abc import Callable
from typing import Any, TypeVar

import jax
from jax.sharding import PartitionSpec, auto_axes, reshard

from minmax_jax._util.types import PyTree

T = TypeVar("T")


def is_explicit(tree: PyTree) -> bool:
    """Returns whether a leaf is sharded over an explicit mesh axis."""
    specs = [jax.typeof(leaf).sharding.spec for leaf in jax.tree.leaves(tree)]
    return any(axis is not None for spec in specs for axis in spec)


def is_of_one_device() -> bool:
    """Returns whether arrays are those of one device: in `shard_map` over all axes, or `pmap`."""
    mesh = jax.sharding.get_abstract_mesh()
    return not mesh.empty and mesh.are_all_axes_manual


def is_whole(tree: PyTree) -> bool:
    """Returns whether no leaf is known to be divided among devices inside the present function.

    Inside `jit`, leaves of a mesh with automatic axes may be divided. An array without a mesh may
    be divided too if only `in_shardings` of `jit` tells so.
    """
    if is_explicit(tree):  # Even on a mesh of one device, a reshape has no rule for its axes.
        return False
    meshes = [jax.typeof(leaf).sharding.mesh for leaf in jax.tree.leaves(tree)]
    return all(mesh.size == 1 or mesh.are_all_axes_manual for mesh in meshes if not mesh.empty)


def varying_axes(tree: PyTree) -> frozenset[Any]:
    """Returns the axes of a `shard_map` over which any leaf may vary."""
    kinds: list[Any] = [jax.typeof(leaf) for leaf in jax.tree.leaves(tree)]
    return frozenset().union(*(kind.manual_axis_type.varying for kind in kinds))


def replicated(function: Callable[..., T], *args: Any) -> T:
    """Returns `function(*args)`, with results that are the same on all devices of a mesh.

    `function` may contain reshapes and products that have no rule for explicit mesh axes. It runs
    with automatic axes if an argument is sharded over explicit ones.
    """
    if not is_explicit(args):
        return function(*args)
    automatic: Any = auto_axes(function, out_sharding=PartitionSpec())
    return automatic(*args)


def sharded_like(array: jax.Array, like: jax.Array) -> jax.Array:
    """Returns `array`, sharded like `like` if that is sharded over an explicit mesh axis."""
    return reshard(array, jax.typeof(like).sharding) if is_explicit(like) else array
