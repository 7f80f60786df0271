"""Everything that says pmap or shard_map: one axis of devices, and trees laid out along it."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental.multihost_utils import (
    global_array_to_host_local_array,
    host_local_array_to_global_array,
)
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from minmax_jax._util.types import PyTree

AXIS = "devices"
"""Name of the mapped axis: pass it as `axis_name` to fields, payoffs and BatchNorm."""

BACKENDS = ("pmap", "shard_map")
"""What can map a step over devices; both give the same numbers from the same trees."""


def map_step(
    function: Callable[..., Any],
    devices: Sequence[Any] | None = None,
    *,
    donate_argnums: Sequence[int] = (),
    in_axes: Any = 0,
    backend: str = "pmap",
) -> Callable[..., Any]:
    """Maps a training step over devices under the axis name `AXIS`, and compiles it.

    Args:
      function: a pure function of one device's view; what it averages over `AXIS` comes
        out alike on every device.
      devices: the devices to use; all local ones by default. One device is the same path.
      donate_argnums: positional arguments whose buffers may be reused for the results.
      in_axes: 0 for trees laid out by `replicate`, None to broadcast: one for all positional
        arguments, or a sequence of one for each.
      backend: one of `BACKENDS`.

    Returns:
      The compiled function of trees with a leading axis over devices.

    Raises:
      ValueError: for an unknown backend.
    """
    devices = jax.local_devices() if devices is None else list(devices)
    if backend == "pmap":
        return jax.pmap(
            function,
            axis_name=AXIS,
            devices=devices,
            donate_argnums=tuple(donate_argnums),
            in_axes=in_axes if in_axes is None or isinstance(in_axes, int) else tuple(in_axes),
        )
    if backend != "shard_map":
        raise ValueError(
            f"map_step: backend must be one of {', '.join(BACKENDS)}, got {backend!r}."
        )
    return _by_shard_map(function, devices, tuple(donate_argnums), in_axes)


def _by_shard_map(
    function: Callable[..., Any], devices: Sequence[Any], donate: tuple[int, ...], in_axes: Any
) -> Callable[..., Any]:
    mesh = Mesh(np.asarray(devices), (AXIS,))

    def mapped(*args: Any) -> Any:
        axes = in_axes if isinstance(in_axes, list | tuple) else [in_axes] * len(args)
        split = [axis is not None for axis in axes]

        def mine(*args: Any) -> Any:
            # A device's view has an axis of length one where pmap's has none.
            parts = zip(args, split, strict=True)
            out = function(*(_without_axis(arg) if cut else arg for arg, cut in parts))
            return jax.tree.map(lambda leaf: jnp.asarray(leaf)[None], out)

        specs = tuple(PartitionSpec(AXIS) if cut else PartitionSpec() for cut in split)
        # Without its checks autodiff stays local, as under pmap: `field.py` takes the means.
        return jax.shard_map(
            mine, mesh=mesh, in_specs=specs, out_specs=PartitionSpec(AXIS), check_vma=False
        )(*args)

    compiled = jax.jit(mapped, donate_argnums=donate)
    if own(devices) == list(devices):
        return compiled

    def among_processes(*args: Any) -> Any:
        # As under pmap, each process gives and gets the parts of its own devices.
        axes = in_axes if isinstance(in_axes, list | tuple) else [in_axes] * len(args)
        parts = PartitionSpec(AXIS)
        args = tuple(
            arg if axis is None else host_local_array_to_global_array(arg, mesh, parts)
            for arg, axis in zip(args, axes, strict=True)
        )
        return global_array_to_host_local_array(compiled(*args), mesh, parts)

    return among_processes


def _without_axis(tree: PyTree) -> PyTree:
    return jax.tree.map(lambda leaf: leaf[0], tree)


def alone(function: Callable[..., Any]) -> Callable[..., Any]:
    """Lets a function that averages over `AXIS` be called outside of any map, on one device.

    Args:
      function: a pure function of arrays, with a mean over `AXIS` of which there is one part.

    Returns:
      The same function of the same arguments; it may stand in `jit` and `lax.scan`.
    """
    mesh = Mesh(np.asarray(jax.local_devices()[:1]), (AXIS,))
    whole = PartitionSpec()
    return jax.shard_map(function, mesh=mesh, in_specs=whole, out_specs=whole, check_vma=False)


def own(devices: Sequence[Any]) -> list[Any]:
    """Returns those of `devices` that belong to this process: all, where it is alone."""
    return [device for device in devices if device.process_index == jax.process_index()]


def split(tree: PyTree, devices: Sequence[Any]) -> PyTree:
    """Gives every device its part of each leaf, whose first axis is that of the devices."""
    sharding = NamedSharding(Mesh(np.asarray(devices), (AXIS,)), PartitionSpec(AXIS))
    return jax.tree.map(lambda leaf: jax.device_put(leaf, sharding), tree)


def replicate(tree: PyTree, devices: Sequence[Any] | None = None) -> PyTree:
    """Copies every leaf to every device: shape `(...)` becomes `(num_devices, ...)`.

    Among several processes each lays out the copies of its own devices, as `jax.pmap` has it.
    """
    devices = jax.local_devices() if devices is None else own(devices)
    sharding = NamedSharding(Mesh(np.asarray(devices), (AXIS,)), PartitionSpec(AXIS))

    def copy(leaf: Any) -> jax.Array:
        leaf = jnp.asarray(leaf)
        return jax.device_put(jnp.broadcast_to(leaf, (len(devices), *leaf.shape)), sharding)

    return jax.tree.map(copy, tree)


def unreplicate(tree: PyTree) -> PyTree:
    """Takes the first device's copy of every leaf: the inverse of `replicate`."""
    return jax.tree.map(lambda leaf: leaf.addressable_shards[0].data[0], tree)
