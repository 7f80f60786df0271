"""Data parallelism with a state that is divided among devices, like the batch.

Each device stores a part of every large leaf of the parameters and of the optimizer's state. A
field evaluation gathers the parameters on all devices, evaluates the field of each device's
examples, and scatters the averaged field. Everything else is elementwise or a norm, and `jax.jit`
computes it on the parts.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from minmax_jax._util import checks
from minmax_jax._util.types import PyTree
from minmax_jax.parallel import AXIS

REPLICAS, SHARDS = "replicas", "shards"
"""Axes of the mesh: each replica of the state is divided into shards."""

MIN_SIZE = 1024
"""Default of `min_size`. A smaller leaf takes at most 4 kB in float32, less than its share in a
collective is worth: most of them are biases and the parameters of normalization layers."""


def make_mesh(devices: Sequence[Any], num_shards: int | None = None) -> Mesh:
    """Creates the mesh of `REPLICAS` and `SHARDS`.

    Args:
      devices: Devices of all processes, ordered by process.
      num_shards: Number of devices that store one copy of the state together. It divides the
        number of devices. Default: the devices of one process, so that each process can read the
        state without communication.

    Raises:
      TypeError: If `devices` is not a list of devices.
      ValueError: If `devices` contains one twice, or `num_shards` does not divide their number.
    """
    devices = checks.check_devices("make_mesh", devices)
    num_shards = _devices_per_process(devices) if num_shards is None else num_shards
    num_shards = checks.check_count("make_mesh", "num_shards", num_shards)
    if len(devices) % num_shards:
        raise ValueError(
            f"make_mesh: num_shards must divide the number of devices, {len(devices)}, got "
            f"{num_shards}. Choose another number."
        )
    return Mesh(np.asarray(devices).reshape(-1, num_shards), (REPLICAS, SHARDS))


def _devices_per_process(devices: Sequence[Any]) -> int:
    first = devices[0].process_index
    return sum(device.process_index == first for device in devices)


def _check_mesh(function: str, mesh: Any) -> None:
    checks.check_mesh(function, mesh, (REPLICAS, SHARDS), "make_mesh(jax.devices())")


def leaf_spec(shape: Sequence[int], num_shards: int, *, min_size: int = MIN_SIZE) -> PartitionSpec:
    """Returns how a leaf is divided: along its largest axis that `num_shards` divides.

    The first of several such axes is taken. A leaf of fewer than `min_size` elements, or without
    such an axis, is replicated.

    Args:
      shape: Shape of the leaf.
      num_shards: Number of shards.
      min_size: Number of elements from which a leaf is divided.

    Examples:
      >>> from minmax_jax import fsdp
      >>> print(fsdp.leaf_spec((3, 3, 64, 128), 8), fsdp.leaf_spec((128,), 8))
      P(None, None, None, 'shards') P()
    """
    num_shards = checks.check_count("leaf_spec", "num_shards", num_shards)
    min_size = checks.check_count("leaf_spec", "min_size", min_size, at_least=0)
    divisible = [size if size and size % num_shards == 0 else 0 for size in shape]
    if num_shards == 1 or math.prod(shape) < min_size or not any(divisible):
        return PartitionSpec()
    axis = divisible.index(max(divisible))
    return PartitionSpec(*[None] * axis, SHARDS)


def shardings(tree: PyTree, mesh: Mesh, *, min_size: int = MIN_SIZE) -> PyTree:
    """Returns the `NamedSharding` of every leaf by the rule of `leaf_spec`.

    Args:
      tree: Tree of arrays or `jax.ShapeDtypeStruct`.
      mesh: Mesh from `make_mesh`.
      min_size: See `leaf_spec`.
    """
    _check_mesh("shardings", mesh)

    def sharding(leaf: Any) -> NamedSharding:
        spec = leaf_spec(np.shape(leaf), mesh.shape[SHARDS], min_size=min_size)
        return NamedSharding(mesh, spec)

    return jax.tree.map(sharding, tree)


def place(tree: PyTree, layout: PyTree) -> PyTree:
    """Divides every leaf among the devices. Each process passes the same whole values.

    Args:
      tree: Tree of arrays.
      layout: Tree of their `NamedSharding`, for example from `shardings`.

    Raises:
      ValueError: If `layout` does not fit `tree`.
    """
    checks.check_layout("place", tree, layout)

    def put(leaf: Any, sharding: NamedSharding) -> jax.Array:
        if jnp.issubdtype(jnp.result_type(leaf), jax.dtypes.extended):
            return jax.device_put(leaf, sharding)
        host = np.asarray(leaf)
        # A copy, because JAX may use the memory of a NumPy array, and the result may be donated.
        return jax.make_array_from_callback(
            host.shape, sharding, lambda index: np.array(host[index])
        )

    return jax.tree.map(put, tree, layout)


def read(tree: PyTree) -> PyTree:
    """Returns whole leaves as NumPy arrays on the host, without communication.

    Args:
      tree: Tree of arrays, of which the devices of this process store a complete copy together.

    Raises:
      ValueError: If the devices of this process store a part only.
    """

    def whole(leaf: Any) -> Any:
        if not isinstance(leaf, jax.Array):
            return np.asarray(leaf)
        shards = leaf.addressable_shards
        if jnp.issubdtype(leaf.dtype, jax.dtypes.extended):
            return shards[0].data  # Keys are not divided.
        parts = {tuple(map(_bounds, shard.index)): shard.data for shard in shards}
        out = np.empty(leaf.shape, leaf.dtype)
        if sum(part.size for part in parts.values()) != out.size:
            raise ValueError(
                "read: the devices of this process must store a complete copy, got the sharding "
                f"{leaf.sharding}. Pass make_mesh a num_shards that divides their number."
            )
        for bounds, part in parts.items():
            out[tuple(slice(*pair) for pair in bounds)] = part
        return out

    return jax.tree.map(whole, tree)


def _bounds(index: slice) -> tuple[Any, Any]:
    return index.start, index.stop


def map_average(
    function: Callable[..., tuple[Any, Any]], mesh: Mesh, *, min_size: int = MIN_SIZE
) -> Callable[..., tuple[Any, Any]]:
    """Maps a function of whole parameters over devices, and averages its values.

    The result supports forward-mode and reverse-mode derivatives, which are those of the average.

    Args:
      function: Function `(params, local, *args) -> (value, aux)` of one device. It is called under
        the axis name `parallel.AXIS`.
      mesh: Mesh from `make_mesh`.
      min_size: See `leaf_spec`.

    Returns:
      A function with the same arguments. The leaves of `params` are divided by the rule of
      `leaf_spec`, the leaves of `local` have a leading axis of devices, and `args` are equal on
      all devices. The leaves of `value` are averaged and divided by the same rule, and the float
      leaves of `aux` are averaged. Other leaves of `aux` are taken from the first device.

    Raises:
      TypeError: If `function` does not return a pair, or `mesh` is not from `make_mesh`.
      ValueError: If a leaf of `local` does not have a leading axis of devices.
    """
    checks.check_callable("map_average", "function", function)
    _check_mesh("map_average", mesh)
    flat = Mesh(mesh.devices.reshape(-1), (AXIS,))
    one_device, same, both = PartitionSpec(AXIS), PartitionSpec(), (REPLICAS, SHARDS)
    stacked = PartitionSpec(both)

    def spec_of(leaf: Any) -> PartitionSpec:
        return leaf_spec(leaf.shape, mesh.shape[SHARDS], min_size=min_size)

    def gather(params: PyTree) -> PyTree:
        """Returns a copy of the whole parameters per device."""
        specs = jax.tree.map(spec_of, params)

        def of_one_device(params: PyTree) -> PyTree:
            def whole(leaf: jax.Array, spec: PartitionSpec) -> jax.Array:
                if SHARDS in spec:
                    leaf = lax.all_gather(leaf, SHARDS, axis=spec.index(SHARDS), tiled=True)
                return leaf[None]

            return jax.tree.map(whole, params, specs)

        return jax.shard_map(
            of_one_device, mesh=mesh, in_specs=(specs,), out_specs=stacked, check_vma=False
        )(params)

    def average(tree: PyTree, divided: bool) -> PyTree:
        """Averages leaves with a leading axis of devices."""
        whole = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape[1:], leaf.dtype), tree)
        specs = jax.tree.map(lambda leaf: spec_of(leaf) if divided else same, whole)

        def of_one_device(tree: PyTree) -> PyTree:
            def mean(leaf: jax.Array, spec: PartitionSpec) -> jax.Array:
                if not jnp.issubdtype(leaf.dtype, jnp.inexact):
                    return leaf[0]
                if SHARDS not in spec:
                    return lax.pmean(leaf[0], both)
                axis = spec.index(SHARDS)
                part = lax.psum_scatter(leaf[0], SHARDS, scatter_dimension=axis, tiled=True)
                if mesh.shape[REPLICAS] > 1:
                    part = lax.psum(part, REPLICAS)
                return part / mesh.size

            return jax.tree.map(mean, tree, specs)

        return jax.shard_map(
            of_one_device, mesh=mesh, in_specs=stacked, out_specs=specs, check_vma=False
        )(tree)

    def averaged(params: PyTree, local: PyTree, *args: Any) -> tuple[Any, Any]:
        checks.check_leading_axis("map_average", "local", local, mesh.size)

        def of_one_device(params: PyTree, local: PyTree, *args: Any) -> tuple[Any, Any]:
            own = jax.tree.map(lambda leaf: leaf[0], (params, local))
            out = checks.check_pair("map_average", "function", function(*own, *args))
            return jax.tree.map(lambda leaf: jnp.asarray(leaf)[None], out)

        value, aux = jax.shard_map(
            of_one_device,
            mesh=flat,
            in_specs=(one_device, one_device, *[same] * len(args)),
            out_specs=one_device,
            check_vma=False,
        )(gather(params), local, *args)
        return average(value, divided=True), average(aux, divided=False)

    return averaged
