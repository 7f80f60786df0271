"""From an NNX module to a pure function of plain pytrees."""

import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
from flax import nnx


class Network(NamedTuple):
    """A network as a pure function and its initial values.

    Attributes:
      apply: `apply(params, stats, inputs, *, train, keys=None) -> (outputs, stats)`. With
        `train` BatchNorm normalises by the batch and the returned statistics have taken it
        in; without, it uses `stats` and returns them as they came. `keys`, one PRNG key for
        each example, `(batch,)`, are the randomness of a network with dropout in training.
        Pure: usable under `jit`, `vmap`, `pmap`, `grad` and inside `lax.scan`.
      params: what is trained, a nested dict of float32 arrays.
      stats: what training applications keep: BatchNorm's running statistics and the
        vectors of spectral normalisation, a nested dict, empty without either.
    """

    apply: Callable[..., tuple[jax.Array, Any]]
    params: Any
    stats: Any


def purify(module: nnx.Module) -> Network:
    """Splits a module that is called as `module(inputs, train=bool)`.

    Each call builds the module anew around the arrays that it is given: nothing is
    shared between calls, and what a trace captured is never written to. A module that draws
    at random takes a further argument `keys`, one PRNG key for each example: so device
    count does not change what is drawn.

    Args:
      module: its variables are `nnx.Param` and `nnx.BatchStat` only.

    Raises:
      ValueError: it has other variables (the random streams of `nnx.Dropout`, say), whose
        state would be lost between calls; when applied in training, if the module takes
        keys and gets none.
    """
    graph, params, stats = nnx.split(module, nnx.Param, nnx.BatchStat)
    draws = "keys" in inspect.signature(type(module).__call__).parameters

    def apply(
        params: Any, stats: Any, inputs: jax.Array, *, train: bool, keys: Any = None
    ) -> tuple[jax.Array, Any]:
        rebuilt = nnx.merge(graph, params, stats)
        if draws and train and keys is None:
            raise ValueError(
                f"{type(module).__name__} draws at random in training; give keys=, a PRNG key for "
                "each example."
            )
        outputs = rebuilt(inputs, train=train, **({"keys": keys} if draws else {}))
        if not train:
            return outputs, stats
        return outputs, nnx.to_pure_dict(nnx.state(rebuilt, nnx.BatchStat))

    return Network(apply, nnx.to_pure_dict(params), nnx.to_pure_dict(stats))
