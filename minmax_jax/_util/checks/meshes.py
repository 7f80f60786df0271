"""Checks of devices, meshes and values that are divided among devices."""

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh

from minmax_jax._util.checks.values import described, shown
from minmax_jax._util.types import PyTree


def check_devices(function: str, devices: Any) -> list[Any]:
    """Returns a list of different devices, or raises an error if it is empty or something else.

    Devices of a topology, for compilation ahead of time, need not be of the type `jax.Device`.
    """
    found = list(devices) if isinstance(devices, list | tuple | np.ndarray) else []
    if not found or not all(hasattr(device, "process_index") for device in found):
        raise TypeError(
            f"{function}: devices must be a list of JAX devices, got {shown(devices)}. Pass "
            "jax.devices() or a part of it."
        )
    if len(set(found)) < len(found):
        raise ValueError(
            f"{function}: devices must be different, got {shown(devices)}. Pass each device once."
        )
    return found


def check_mesh(function: str, mesh: Any, axes: Sequence[str], maker: str) -> Mesh:
    """Returns a mesh, or raises an error if it does not have the given axes.

    Args:
      function: Name of the function that was called.
      mesh: Argument to check.
      axes: Names of the axes.
      maker: Call that returns such a mesh.
    """
    if not isinstance(mesh, Mesh) or mesh.axis_names != tuple(axes):
        raise TypeError(
            f"{function}: mesh must be a Mesh with the axes {' and '.join(axes)}, got "
            f"{shown(mesh)}. Pass {maker}."
        )
    return mesh


def check_layout(function: str, tree: PyTree, layout: PyTree) -> None:
    """Raises ValueError if a tree of shardings does not fit the arrays of a tree."""
    advice = "Pass the shardings of this tree, for example fsdp.shardings(tree, mesh)."
    if jax.tree.structure(tree) != jax.tree.structure(layout):
        raise ValueError(
            f"{function}: layout must have the structure of tree, {jax.tree.structure(tree)}, got "
            f"{jax.tree.structure(layout)}. {advice}"
        )
    shardings = jax.tree.leaves(layout)
    for (path, leaf), sharding in zip(jax.tree.leaves_with_path(tree), shardings, strict=True):
        try:
            sharding.shard_shape(np.shape(leaf))
        except (ValueError, IndexError) as error:  # JAX raises the second one for scalars.
            name = f"tree{jax.tree_util.keystr(path)}"
            raise ValueError(
                f"{function}: layout must divide the shape of {name}, {np.shape(leaf)}, got "
                f"{sharding.spec}. {advice}"
            ) from error


def check_leading_axis(function: str, argument: str, tree: PyTree, size: int) -> None:
    """Raises ValueError if a leaf does not have a leading axis of `size` devices."""
    for path, leaf in jax.tree.leaves_with_path(tree):
        if np.shape(leaf)[:1] != (size,):
            name = f"{argument}{jax.tree_util.keystr(path)}"
            raise ValueError(
                f"{function}: {name} must have a leading axis of {size} devices, got "
                f"{described(leaf)}. Pass the values of all devices, for example from "
                "parallel.shard or parallel.replicate."
            )


def check_pair(function: str, argument: str, result: Any) -> tuple[Any, Any]:
    """Returns what a function returned, or raises an error if it is not a pair."""
    if type(result) is not tuple or len(result) != 2:
        raise TypeError(
            f"{function}: {argument} must return (value, aux), got {described(result)}. Return "
            "(value, ()) if there are no auxiliary outputs."
        )
    return result
