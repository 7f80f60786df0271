"""Data parallelism over one device axis with `pmap` or `shard_map`."""

import operator
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental.multihost_utils import (
    global_array_to_host_local_array,
    host_local_array_to_global_array,
)
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from minmax_jax._util import checks
from minmax_jax._util.types import PyTree

AXIS = "devices"
"""Name of the mapped axis. Pass it as `axis_name` to fields, payoffs and BatchNorm."""

BACKENDS = ("pmap", "shard_map")
"""Backends of `map_step`. Both return the same numbers for the same inputs."""


def map_step(
    function: Callable[..., Any],
    devices: Sequence[Any] | None = None,
    *,
    donate_argnums: int | Sequence[int] = (),
    in_axes: Any = 0,
    backend: str = "pmap",
) -> Callable[..., Any]:
    """Maps a training step over devices under the axis name `AXIS`, and compiles it.

    Args:
      function: Pure function of the inputs of one device. Values that it averages over `AXIS`
        are equal on all devices.
      devices: Devices to use, one or several. Defaults to all local devices.
      donate_argnums: Positional arguments whose buffers may be reused for the results.
      in_axes: 0 for trees from `replicate` or `shard`, or None to broadcast. Pass one value for
        all positional arguments, or a sequence with one value per argument.
      backend: One of `BACKENDS`.

    Returns:
      The compiled function. Its results have a leading axis over devices, as do its arguments
      with `in_axes` 0.

    Raises:
      TypeError: If `function` is not callable, or `devices` or `donate_argnums` has another type.
      ValueError: If `backend` is unknown, or `in_axes` contains anything but 0 and None.
    """
    checks.check_callable("map_step", "function", function)
    checks.check_choice("map_step", "backend", backend, BACKENDS)
    donated = _check_argnums("map_step", donate_argnums)
    for axis in _axes(in_axes, (None,)):
        if axis is not None and (isinstance(axis, bool) or axis != 0):
            raise ValueError(
                f"map_step: in_axes must be 0 or None, or a sequence of them, got {in_axes!r}. "
                "Move the axis over devices to the front, for example with jnp.moveaxis."
            )
    if devices is None:
        devices = jax.local_devices()
    devices = checks.check_devices("map_step", devices)
    if backend == "shard_map":
        return _map_with_shard_map(function, devices, donated, in_axes)
    return jax.pmap(
        function,
        axis_name=AXIS,
        devices=devices,
        donate_argnums=donated,
        in_axes=tuple(map(_python_axis, in_axes))
        if isinstance(in_axes, list | tuple)
        else _python_axis(in_axes),
    )


def _python_axis(axis: Any) -> int | None:
    return None if axis is None else 0


def _check_argnums(function: str, argnums: Any) -> tuple[int, ...]:
    """Returns the positions of arguments, given as an int or a sequence of them."""
    try:
        return tuple(map(operator.index, argnums if isinstance(argnums, Iterable) else (argnums,)))
    except TypeError:
        raise TypeError(
            f"{function}: donate_argnums must be an int or a sequence of them, got "
            f"{checks.shown(argnums)}. Pass positions of arguments, for example (0,)."
        ) from None


def _map_with_shard_map(
    function: Callable[..., Any], devices: Sequence[Any], donate: tuple[int, ...], in_axes: Any
) -> Callable[..., Any]:
    mesh = Mesh(np.asarray(devices), (AXIS,))

    def mapped(*args: Any) -> Any:
        split = [axis is not None for axis in _axes(in_axes, args)]

        def of_one_device(*args: Any) -> Any:
            # Under shard_map, the mapped axis has length one; under pmap, it is absent.
            parts = zip(args, split, strict=True)
            out = function(*(_without_axis(arg) if cut else arg for arg, cut in parts))
            return jax.tree.map(lambda leaf: jnp.asarray(leaf)[None], out)

        specs = tuple(PartitionSpec(AXIS) if cut else PartitionSpec() for cut in split)
        # Without shard_map's checks, autodiff stays local to each device, as under pmap, and
        # `field.py` takes the means.
        return jax.shard_map(
            of_one_device,
            mesh=mesh,
            in_specs=specs,
            out_specs=PartitionSpec(AXIS),
            check_vma=False,
        )(*args)

    compiled = jax.jit(mapped, donate_argnums=donate)
    if addressable_devices(devices) == list(devices):
        return compiled

    def among_processes(*args: Any) -> Any:
        # As under pmap, each process passes and receives the parts of its own devices.
        parts = PartitionSpec(AXIS)
        args = tuple(
            arg if axis is None else host_local_array_to_global_array(arg, mesh, parts)
            for arg, axis in zip(args, _axes(in_axes, args), strict=True)
        )
        return global_array_to_host_local_array(compiled(*args), mesh, parts)

    # Compilation ahead of time takes the shapes of all devices.
    among_processes.trace = compiled.trace  # pyright: ignore[reportFunctionMemberAccess]
    return among_processes


def _axes(in_axes: Any, args: Sequence[Any]) -> Sequence[Any]:
    """Returns the mapped axis of each argument."""
    return in_axes if isinstance(in_axes, list | tuple) else [in_axes] * len(args)


def _without_axis(tree: PyTree) -> PyTree:
    return jax.tree.map(lambda leaf: leaf[0], tree)


def on_one_device(function: Callable[..., Any]) -> Callable[..., Any]:
    """Wraps a function that averages over `AXIS`, for calls on one device outside of any map.

    Args:
      function: Pure function of arrays that contains means over `AXIS`.

    Returns:
      The same function, with an axis `AXIS` of size one. It can be used in `jit` and
      `lax.scan`.
    """
    mesh = Mesh(np.asarray(jax.local_devices()[:1]), (AXIS,))
    whole = PartitionSpec()
    return jax.shard_map(function, mesh=mesh, in_specs=whole, out_specs=whole, check_vma=False)


def addressable_devices(devices: Sequence[Any]) -> list[Any]:
    """Returns the devices that belong to this process."""
    return [device for device in devices if device.process_index == jax.process_index()]


def shard(tree: PyTree, devices: Sequence[Any]) -> PyTree:
    """Distributes every leaf over `devices` along its first axis."""
    sharding = NamedSharding(Mesh(np.asarray(devices), (AXIS,)), PartitionSpec(AXIS))
    return jax.tree.map(lambda leaf: jax.device_put(leaf, sharding), tree)


def replicate(tree: PyTree, devices: Sequence[Any] | None = None) -> PyTree:
    """Copies every leaf to every device: shape `(...)` becomes `(num_devices, ...)`.

    With several processes, each process creates the copies for its own devices, as `jax.pmap`
    requires.
    """
    devices = jax.local_devices() if devices is None else addressable_devices(devices)
    sharding = NamedSharding(Mesh(np.asarray(devices), (AXIS,)), PartitionSpec(AXIS))

    def copy(leaf: Any) -> jax.Array:
        if type(leaf) is np.ndarray:  # A large dataset is not copied to a device and back.
            host = leaf.astype(jax.dtypes.canonicalize_dtype(leaf.dtype), copy=False)
        else:
            leaf = jnp.asarray(leaf)
            if jnp.issubdtype(leaf.dtype, jax.dtypes.extended) or not leaf.is_fully_addressable:
                shape = (len(devices), *leaf.shape)
                return jax.device_put(jnp.broadcast_to(leaf, shape), sharding)
            host = np.asarray(leaf)
        # NumPy copies without compiling a program per shape. JAX may use the memory of a NumPy
        # array, so it gets one of its own.
        copies = np.array(np.broadcast_to(host, (len(devices), *host.shape)))
        return jax.device_put(copies, sharding)

    return jax.tree.map(copy, tree)


def unreplicate(tree: PyTree) -> PyTree:
    """Returns the first device's copy of every leaf, the inverse of `replicate`."""
    return jax.tree.map(lambda leaf: leaf.addressable_shards[0].data[0], tree)
