"""Formulas for the memory and the communication of one training step.

They count P elements of parameters, of which D are in leaves that are divided, S elements of
statistics, and E field evaluations per update. A replica of the state consists of L devices.
"""

import math
from collections.abc import Sequence
from typing import Any

import jax

import minmax_jax as mm

FLAGS = 2
"""Elements by which replicated devices agree whether each player's update was finite."""

NORM_SUMS = 256
"""Largest number of partial sums that the norms of one divided leaf send per device."""


def num_shards(mode: str, devices_per_process: int) -> int:
    """Returns L, the number of devices that store one copy of the state together."""
    return devices_per_process if mode == "fsdp" else 1


def divided(params: Any, shards: int) -> int:
    """Returns D, the number of elements in leaves that are divided among `shards` devices."""
    return sum(_size(leaf) for leaf in jax.tree.leaves(params) if _is_divided(leaf, shards))


def state_bytes(state: Any, shards: int) -> int:
    """Returns the bytes of the state on each device.

    Args:
      state: State with whole leaves: `players`, `optimizer`, `ema`, and others.
      shards: L.
    """
    parts = [state.players, state.optimizer, state.ema]
    inside = [leaf for leaf in jax.tree.leaves(parts) if _is_divided(leaf, shards)]
    saved = sum(_bytes(leaf) - _bytes(leaf) // shards for leaf in inside)
    return sum(map(_bytes, jax.tree.leaves(state))) - saved


def elements_sent(
    params: Any, stats: Any, *, evaluations: int, shards: int, replicas: int
) -> dict[str, int]:
    """Returns the elements of the arrays that an update gathers, scatters and reduces.

    The norms of a divided state are not included, and neither are BatchNorm's sums. A step on one
    device sends nothing.

    Args:
      params: Parameters of both players.
      stats: Statistics of both networks.
      evaluations: E.
      shards: L.
      replicas: Number of replicas of the state.
    """
    inside = divided(params, shards)
    outside = sum(map(_size, jax.tree.leaves((params, stats)))) - inside
    if shards * replicas == 1:
        return {"all-gather": 0, "reduce-scatter": 0, "all-reduce": 0}
    if shards == 1:
        return {
            "all-gather": 0,
            "reduce-scatter": 0,
            "all-reduce": evaluations * outside + FLAGS,
        }
    between = inside // shards if replicas > 1 else 0
    return {
        "all-gather": evaluations * inside,
        "reduce-scatter": evaluations * inside,
        "all-reduce": evaluations * (outside + between),
    }


def alternating_elements_sent(
    params: mm.Players, sides: Sequence[str], shards: int
) -> dict[str, int]:
    """Returns the elements that an update of one player after the other gathers and scatters.

    Each step evaluates one player's half of the field. The first evaluation gathers both networks,
    each further one only the network that has changed since.

    Args:
      params: Parameters of both players.
      sides: Player of each step of the update, such as `("max", "max", "min")`.
      shards: L.
    """
    inside = {side: divided(getattr(params, side), shards) for side in ("min", "max")}
    return {
        "all-gather": sum(inside.values()) + sum(inside[side] for side in sides[:-1]),
        "reduce-scatter": sum(inside[side] for side in sides),
    }


def bytes_per_device(sent: dict[str, int], shards: int, devices: int, itemsize: int = 4) -> float:
    """Returns the bytes that each device sends in rings."""
    inside = (sent["all-gather"] + sent["reduce-scatter"]) * (shards - 1) / shards
    return itemsize * (inside + 2 * sent["all-reduce"] * (devices - 1) / devices)


def _is_divided(leaf: Any, shards: int) -> bool:
    return mm.fsdp.SHARDS in mm.fsdp.leaf_spec(leaf.shape, shards)


def _size(leaf: Any) -> int:
    return math.prod(leaf.shape)


def _bytes(leaf: Any) -> int:
    return _size(leaf) * leaf.dtype.itemsize
