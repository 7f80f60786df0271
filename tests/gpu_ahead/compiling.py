"""Compiles JAX functions for an H100 on a machine without a GPU.

It needs the CUDA plugin of the installed JAX version, but neither a driver nor CUDA's libraries:

    pip install jax-cuda12-plugin==VERSION jax-cuda12-pjrt==VERSION

XLA autotunes on a device only. So the algorithm of a convolution and all times are unknown here,
but the kinds of convolutions, the fusions, kernels, bytes and FLOPs are those of the compiler
for a GPU.
"""

import functools
import importlib.util
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax

TARGET = Path(__file__).with_name("h100.txtpb")
"""Description of the device, in the format of XLA's ahead-of-time compiler."""

PLUGINS = ("jax_cuda12_plugin", "jax_cuda13_plugin")
"""Packages of which one must be installed."""

OPTIONS: Any = {"xla_gpu_autotune_level": 0}
"""Options of the compiler. Autotuning would need the device."""


def missing() -> str:
    """Returns why programs cannot be compiled here, or an empty string if they can."""
    if not any(importlib.util.find_spec(name) for name in PLUGINS):
        return f"none of {', '.join(PLUGINS)} is installed"
    try:
        _device()
    except Exception as error:  # A plugin of another version fails in many ways.
        return f"the CUDA plugin does not compile: {str(error).splitlines()[0]}"
    return ""


def compile_for_h100(function: Callable[..., Any], *arguments: Any, **jit_options: Any) -> Any:
    """Returns the compiled program of a function.

    Args:
      function: Function to compile. It must choose its form for a GPU itself.
      *arguments: Trees of arrays or of `jax.ShapeDtypeStruct`. Only shapes and dtypes matter.
      **jit_options: Arguments of `jax.jit`.
    """
    sharding = jax.sharding.SingleDeviceSharding(_device())

    def abstract(leaf: Any) -> jax.ShapeDtypeStruct:
        return jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=sharding)

    traced = jax.jit(function, **jit_options).trace(*jax.tree.map(abstract, arguments))
    return traced.lower(lowering_platforms=("cuda",)).compile(compiler_options=OPTIONS)


def _device() -> Any:
    return devices("1x1x1")[0]


@functools.cache
def devices(shape: str) -> list[Any]:
    """Returns the devices of a topology: "slices x hosts x devices per host"."""
    from jax.experimental import topologies

    # Otherwise the plugin checks the versions of CUDA's libraries, which a compiler does not need.
    os.environ["JAX_SKIP_CUDA_CONSTRAINTS_CHECK"] = "1"
    topology = topologies.get_topology_desc(
        "h100", platform="cuda", target_config=TARGET.read_text(), topology=shape
    )
    return list(topology.devices)
