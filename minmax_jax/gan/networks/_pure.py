"""Converts an NNX module to a pure function of plain pytrees."""

import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
from flax import nnx


class Network(NamedTuple):
    """A network as a pure function, with its initial values.

    Attributes:
      apply: `apply(params, stats, inputs, *, train, keys=None) -> (outputs, stats)`. With
        `train=True`, BatchNorm uses batch statistics, and the returned running statistics
        include them. With `train=False` it uses `stats`, which are returned unchanged. `keys` is
        one PRNG key per example, `(batch,)`, for networks with dropout in training. The
        function works under `jit`, `vmap`, `pmap`, `grad` and in `lax.scan`.
      params: Trainable parameters, a nested dict of float32 arrays.
      stats: State that training updates: running statistics of BatchNorm and vectors of
        spectral normalization. A nested dict, empty without either.
    """

    apply: Callable[..., tuple[jax.Array, Any]]
    params: Any
    stats: Any


def purify(module: nnx.Module) -> Network:
    """Converts a module that is called as `module(inputs, train=bool)` to a pure function.

    Each call rebuilds the module from the arrays that it receives, so calls share no state.
    A module with randomness receives one more argument, `keys`, with one PRNG key per
    example, so that the random numbers do not depend on the number of devices.

    Args:
      module: Module whose variables are all `nnx.Param` or `nnx.BatchStat`.

    Raises:
      ValueError: If the module has other variables, such as the random streams of
        `nnx.Dropout`, because their state would be lost between calls. In training, if the
        module needs `keys` and does not receive them.
    """
    graph, params, stats = nnx.split(module, nnx.Param, nnx.BatchStat)
    needs_keys = "keys" in inspect.signature(type(module).__call__).parameters

    def apply(
        params: Any, stats: Any, inputs: jax.Array, *, train: bool, keys: Any = None
    ) -> tuple[jax.Array, Any]:
        rebuilt = nnx.merge(graph, params, stats)
        if needs_keys and train and keys is None:
            raise ValueError(
                f"{type(module).__name__} uses random numbers in training. Pass keys=, one PRNG "
                "key per example."
            )
        outputs = rebuilt(inputs, train=train, **({"keys": keys} if needs_keys else {}))
        if not train:
            return outputs, stats
        return outputs, nnx.to_pure_dict(nnx.state(rebuilt, nnx.BatchStat))

    return Network(apply, nnx.to_pure_dict(params), nnx.to_pure_dict(stats))
