"""From an NNX module to a pure function of plain pytrees."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
from flax import nnx


class Network(NamedTuple):
    """A network as a pure function and its initial values.

    Attributes:
      apply: `apply(params, stats, inputs, *, train) -> (outputs, stats)`. With `train`
        BatchNorm normalises by the batch and the returned statistics have taken it in;
        without, it uses `stats` and returns them as they came. Pure: usable under `jit`,
        `vmap`, `pmap`, `grad` and inside `lax.scan`.
      params: what is trained, a nested dict of float32 arrays.
      stats: BatchNorm's running statistics, a nested dict, empty without BatchNorm.
    """

    apply: Callable[..., tuple[jax.Array, Any]]
    params: Any
    stats: Any


def purify(module: nnx.Module) -> Network:
    """Splits a module that is called as `module(inputs, train=bool)`.

    Each call builds the module anew around the arrays that it is given: nothing is
    shared between calls, and what a trace captured is never written to.

    Args:
      module: its variables are `nnx.Param` and `nnx.BatchStat` only.

    Raises:
      ValueError: it has other variables (the random streams of dropout, say), whose
        state would be lost between calls.
    """
    graph, params, stats = nnx.split(module, nnx.Param, nnx.BatchStat)

    def apply(params: Any, stats: Any, inputs: jax.Array, *, train: bool) -> tuple[jax.Array, Any]:
        rebuilt = nnx.merge(graph, params, stats)
        outputs = rebuilt(inputs, train=train)
        if not train:
            return outputs, stats
        return outputs, nnx.to_pure_dict(nnx.state(rebuilt, nnx.BatchStat))

    return Network(apply, nnx.to_pure_dict(params), nnx.to_pure_dict(stats))
