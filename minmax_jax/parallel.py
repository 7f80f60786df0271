"""Everything that says pmap: one axis of devices, and trees laid out along it."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from minmax_jax._types import PyTree

AXIS = "devices"
"""Name of the mapped axis: pass it as `axis_name` to fields, payoffs and BatchNorm."""


def pmap_step(
    function: Callable[..., Any],
    devices: Sequence[Any] | None = None,
    *,
    donate_argnums: Sequence[int] = (),
    in_axes: Any = 0,
) -> Callable[..., Any]:
    """Maps a training step over devices under the axis name `AXIS`.

    Args:
      function: a pure function of one device's view; what it averages over `AXIS` comes
        out alike on every device.
      devices: the devices to use; all local ones by default. One device is the same path.
      donate_argnums: positional arguments whose buffers may be reused for the results.
      in_axes: as in `jax.pmap`; 0 for trees laid out by `replicate`, None to broadcast.

    Returns:
      The compiled function of trees with a leading axis over devices.
    """
    return jax.pmap(
        function,
        axis_name=AXIS,
        devices=None if devices is None else list(devices),
        donate_argnums=tuple(donate_argnums),
        in_axes=in_axes,
    )


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


def replicate(tree: PyTree, devices: Sequence[Any] | None = None) -> PyTree:
    """Copies every leaf to every device: shape `(...)` becomes `(num_devices, ...)`."""
    devices = jax.local_devices() if devices is None else list(devices)
    sharding = NamedSharding(Mesh(np.asarray(devices), (AXIS,)), PartitionSpec(AXIS))

    def copy(leaf: Any) -> jax.Array:
        leaf = jnp.asarray(leaf)
        return jax.device_put(jnp.broadcast_to(leaf, (len(devices), *leaf.shape)), sharding)

    return jax.tree.map(copy, tree)


def unreplicate(tree: PyTree) -> PyTree:
    """Takes the first device's copy of every leaf: the inverse of `replicate`."""
    return jax.tree.map(lambda leaf: leaf.addressable_shards[0].data[0], tree)
