"""Applies a discriminator to several batches, in one pass where that is possible."""

import inspect
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from minmax_jax.gan.networks._platform import on_cpu
from minmax_jax.gan.networks._pure import Network


class InOrder(NamedTuple):
    """Results of a network for several batches, one after the other.

    Attributes:
      outputs: Outputs for each batch.
      stats: Statistics after the last batch.
      stats_after_first: Function that returns the statistics after the first batch.
    """

    outputs: tuple[jax.Array, ...]
    stats: Any
    stats_after_first: Callable[[], Any]


def apply_in_order(
    network: Network,
    params: Any,
    stats: Any,
    batches: Sequence[jax.Array],
    *,
    one_pass: bool,
    frozen_parts: int = 0,
    **per_example: Sequence[Any],
) -> InOrder:
    """Applies a network in training to batches of the same size, one after the other.

    Each batch is normalized by its own statistics, and the running statistics include the batches
    in their order. One pass computes the same as several. It launches fewer kernels, but is
    computed as a whole even if only one of the outputs is used.

    Args:
      network: The network.
      params: Its parameters.
      stats: Its statistics before the first batch.
      batches: Inputs of each batch.
      one_pass: Whether all batches may go through the network at once. It has no effect on CPU,
        or if the network does not support it.
      frozen_parts: Number of batches at the front whose outputs are constants in derivatives.
      **per_example: Further arguments of `Network.apply`, such as `keys`: for each batch a tree
        whose leaves have one row per example.
    """

    def options(part: int) -> dict[str, Any]:
        return {name: trees[part] for name, trees in per_example.items()}

    def after_first() -> Any:
        # XLA removes what the statistics do not depend on.
        return network.apply(params, stats, batches[0], train=True, **options(0))[1]

    if one_pass and not on_cpu() and "parts" in inspect.signature(network.apply).parameters:
        joined = {name: _join(trees) for name, trees in per_example.items()}
        outputs, after = network.apply(
            params,
            stats,
            _join(batches),
            train=True,
            parts=len(batches),
            frozen_parts=frozen_parts,
            **joined,
        )
        return InOrder(tuple(jnp.split(outputs, len(batches))), after, after_first)
    found, seen = [], [stats]
    for part, inputs in enumerate(batches):
        outputs, after = network.apply(params, seen[-1], inputs, train=True, **options(part))
        found.append(jax.lax.stop_gradient(outputs) if part < frozen_parts else outputs)
        seen.append(after)
    return InOrder(tuple(found), seen[-1], lambda: seen[1])


def _join(trees: Sequence[Any]) -> Any:
    return jax.tree.map(lambda *leaves: jnp.concatenate(leaves), *trees)
