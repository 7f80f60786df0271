"""Converts an NNX module to a pure function of plain pytrees."""

import functools
import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx

from minmax_jax.gan.networks._platform import on_cpu


class Network(NamedTuple):
    """A network as a pure function, with its initial values.

    Attributes:
      apply: `apply(params, stats, inputs, *, train, keys=None, labels=None) -> (outputs, stats)`.
        With `train=True`, BatchNorm uses batch statistics, and the returned running statistics
        include them. With `train=False` it uses `stats`, which are returned unchanged. `keys` is
        one PRNG key per example, `(batch,)`, for networks with dropout in training. `labels` is
        one class per example, int32 `(batch,)`, for networks that depend on the class. The
        function works under `jit`, `vmap`, `pmap`, `grad` and in `lax.scan`. The functions of
        `purify` have two more arguments. With `parts=k`, the inputs are k batches of the same
        size, one after the other, and the result is that of k calls, each with the statistics
        that the last one returned. On accelerators, one pass computes it if the layers support
        that. With `frozen_parts=j`, the outputs for the first j batches are constants in
        derivatives.
      params: Trainable parameters, a nested dict of float32 arrays.
      stats: State that training updates: running statistics of BatchNorm and vectors of
        spectral normalization. A nested dict, empty without either.
    """

    apply: Callable[..., tuple[jax.Array, Any]]
    params: Any
    stats: Any

    @property
    def takes_labels(self) -> bool:
        """Whether the outputs may depend on `labels`."""
        # `purify` knows it from the module; any other function says it by its signature.
        accepts = "labels" in inspect.signature(self.apply).parameters
        return getattr(self.apply, "takes_labels", accepts)


def labels_option(network: Network, labels: Any) -> dict[str, Any]:
    """Returns the labels as a keyword argument of `Network.apply`, if the network takes them.

    Args:
      network: The network.
      labels: One class per example, or None for no labels.
    """
    return {"labels": labels} if network.takes_labels and labels is not None else {}


def purify(module: nnx.Module, *, one_pass: bool = False) -> Network:
    """Converts a module that is called as `module(inputs, train=bool)` to a pure function.

    Each call rebuilds the module from the arrays that it receives, so calls share no state.
    A module with randomness receives one more argument, `keys`, with one PRNG key per
    example, so that the random numbers do not depend on the number of devices. A module whose
    `__call__` has an argument `labels` receives the class of each example, int32 `(batch,)`, or
    None in a run without labels.

    Args:
      module: Module whose variables are all `nnx.Param` or `nnx.BatchStat`.
      one_pass: Whether several batches may go through the module at once. Then only layers of
        `Layers` may couple the examples of a batch or change statistics.

    Raises:
      ValueError: If the module has other variables, such as the random streams of
        `nnx.Dropout`, because their state would be lost between calls. In training, if the
        module needs `keys` and does not receive them.
    """
    graph, params, stats = nnx.split(module, nnx.Param, nnx.BatchStat)
    accepted = inspect.signature(type(module).__call__).parameters
    needs_keys, takes_labels = "keys" in accepted, "labels" in accepted

    def apply(
        params: Any,
        stats: Any,
        inputs: jax.Array,
        *,
        train: bool,
        keys: Any = None,
        labels: Any = None,
        parts: int = 1,
        frozen_parts: int = 0,
    ) -> tuple[jax.Array, Any]:
        if parts > 1 and not (one_pass and train and not on_cpu()):
            call = functools.partial(apply, params, train=train)
            per_example = {"keys": keys, "labels": labels}
            return _in_turn(call, stats, inputs, per_example, parts, frozen_parts)
        rebuilt = nnx.merge(graph, params, stats)
        if needs_keys and train and keys is None:
            raise ValueError(
                f"{type(module).__name__} uses random numbers in training. Pass keys=, one PRNG "
                "key per example."
            )
        if parts > 1:
            rebuilt.set_attributes(parts=parts, raise_if_not_found=False)
            rebuilt.set_attributes(frozen_parts=frozen_parts, raise_if_not_found=False)
        options = {"keys": keys} if needs_keys else {}
        if takes_labels:
            options["labels"] = labels
        outputs = rebuilt(inputs, train=train, **options)
        if frozen_parts:
            count = len(inputs) // parts * frozen_parts
            outputs = jnp.concatenate([jax.lax.stop_gradient(outputs[:count]), outputs[count:]])
        if not train:
            return outputs, stats
        return outputs, nnx.to_pure_dict(nnx.state(rebuilt, nnx.BatchStat))

    vars(apply)["takes_labels"] = takes_labels
    return Network(apply, nnx.to_pure_dict(params), nnx.to_pure_dict(stats))


def _in_turn(
    call: Callable[..., Any],
    stats: Any,
    inputs: jax.Array,
    per_example: dict[str, Any],
    parts: int,
    frozen: int,
) -> tuple[jax.Array, Any]:
    """Calls a network for one batch of the inputs after another."""
    size, outputs = len(inputs) // parts, []
    for part in range(parts):
        rows = slice(part * size, (part + 1) * size)
        own = {n: None if values is None else values[rows] for n, values in per_example.items()}
        found, stats = call(stats, inputs[rows], **own)
        outputs.append(jax.lax.stop_gradient(found) if part < frozen else found)
    return jnp.concatenate(outputs), stats
