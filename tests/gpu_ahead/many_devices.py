"""Training steps of 64 devices on 8 or 16 hosts, compiled without any of them."""

import functools
import importlib.util
import os
from typing import Any, NamedTuple

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from benchmarks import scaling, scaling_formulas, scaling_memory
from minmax_jax import fsdp, gan, parallel
from minmax_jax.gan import networks
from minmax_jax.gan.training import sharded
from tests.gpu_ahead import compiling

TOPOLOGIES = {"cuda": "1x8x8", "tpu": "v5e:8x8"}
"""Topology of each platform: eight hosts with eight H100, or 64 chips of TPU v5e."""


class Step(NamedTuple):
    """A compiled training step.

    Attributes:
      sent: Elements that it gathers, scatters and reduces.
      expected: The same by the formulas.
      state: Bytes of the state on each device by the formula.
      arguments: Bytes of the arguments on each device: the state, the images and scalars.
      temporaries: Bytes of temporary memory on each device.
      shards: Number of devices that store one copy of the state together.
    """

    sent: dict[str, int]
    expected: dict[str, int]
    state: int
    arguments: int
    temporaries: int
    shards: int


def missing(platform: str) -> str:
    """Returns why programs of a platform cannot be compiled, or an empty string if they can."""
    if platform == "cuda":
        return compiling.missing()
    return "" if importlib.util.find_spec("libtpu") else "libtpu is not installed"


@functools.cache
def compile_step(platform: str, mode: str, width: int = 512) -> Step:
    """Compiles a step of `adam_gda` on an MLP for 64 devices.

    Args:
      platform: Key of `TOPOLOGIES`.
      mode: Value of `parallel`: `"shard_map"` or `"fsdp"`.
      width: Width of the networks.
    """
    devices = _devices(platform)
    config = scaling.Config(batch=2 * len(devices), memory_width=width)
    built = scaling_memory.build(config, mode, devices, place=False)
    game, optimizer, program, (images, *scalars) = built
    state = jax.eval_shape(lambda: gan.init_state(game, optimizer))
    mesh = fsdp.make_mesh(devices)
    shards = scaling_formulas.num_shards(mode, mesh.shape[fsdp.SHARDS])
    flat = NamedSharding(Mesh(np.asarray(devices), (parallel.AXIS,)), PartitionSpec(parallel.AXIS))
    if mode == "fsdp":
        laid = jax.tree.map(_like, state, sharded.layout(state, mesh))
    else:
        laid = jax.tree.map(lambda leaf: _stacked(leaf, flat), state)
    with networks.tracing_for("gpu" if platform == "cuda" else platform):
        traced = program.advance.trace(laid, _stacked(images, flat), *scalars)
        lowered = traced.lower(lowering_platforms=(platform,))
        compiled = lowered.compile(compiling.OPTIONS if platform == "cuda" else None)
    expected = scaling_formulas.elements_sent(
        state.players,
        state.stats,
        evaluations=1,
        shards=shards,
        replicas=len(devices) // shards,
    )
    memory = compiled.memory_analysis()
    return Step(
        sent=scaling_memory.sent(compiled.as_text()),
        expected=expected,
        state=scaling_formulas.state_bytes(state, shards),
        arguments=memory.argument_size_in_bytes,
        temporaries=memory.temp_size_in_bytes,
        shards=shards,
    )


def _devices(platform: str) -> list[Any]:
    if platform == "cuda":
        return compiling.devices(TOPOLOGIES[platform])
    from jax.experimental import topologies

    os.environ["TPU_SKIP_MDS_QUERY"] = "1"  # There is no cloud service to ask.
    return list(topologies.get_topology_desc(TOPOLOGIES[platform], platform="tpu").devices)


def _like(leaf: Any, sharding: NamedSharding) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=sharding)


def _stacked(leaf: Any, sharding: NamedSharding) -> jax.ShapeDtypeStruct:
    """Returns the shape of a leaf with a leading axis of devices."""
    shape = (sharding.mesh.size, *leaf.shape)
    return jax.ShapeDtypeStruct(shape, leaf.dtype, sharding=sharding)
