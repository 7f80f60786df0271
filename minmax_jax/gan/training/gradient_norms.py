"""Norms of the gradients that an optimizer has used.

Many methods evaluate the gradient of a player at a point other than the current parameters.
Computing the gradient at the current parameters only for logging would prevent XLA from
removing it as dead code. Instead, an optimizer receives a `transform` that records norms.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

import minmax_jax as mm
from minmax_jax import diagnostics


class MinGradientNorm(NamedTuple):
    """State of the recorder of the min player.

    Attributes:
      norm: Norm of the last recorded gradient (float32 scalar).
    """

    norm: jax.Array


class MaxGradientNorm(NamedTuple):
    """State of the recorder of the max player.

    Attributes:
      norm: Norm of the last recorded gradient (float32 scalar).
    """

    norm: jax.Array


GradientNormRecorder = optax.GradientTransformationExtraArgs
"""Transformation that returns gradients unchanged and records their norm in its state."""

QUANTITIES = ("used_gradient_norm_min", "used_gradient_norm_max")
"""Names of the norms that `read` returns."""


def recorders() -> mm.Players:
    """Creates a `GradientNormRecorder` per player, for the `transform=` of an optimizer.

    If an optimizer evaluates several fields per update (an extrapolation step, several
    discriminator steps), the norm of the last one remains, which belongs to the update step. If
    the optimizer combines the field with other terms first (`consensus`, `symplectic`), the norm
    of the combination is recorded. If a greedy method rejects a step, the previous norm remains.
    """
    return mm.Players(min=_recorder(MinGradientNorm), max=_recorder(MaxGradientNorm))


def read(optimizer_state: Any) -> dict[str, jax.Array]:
    """Returns the recorded norms by name, found at any depth of an optimizer state."""
    sides = (MinGradientNorm, MaxGradientNorm)
    nodes = jax.tree.leaves(optimizer_state, is_leaf=lambda node: isinstance(node, sides))
    return {
        name: node.norm
        for side, name in zip(sides, QUANTITIES, strict=True)
        for node in nodes
        if isinstance(node, side)
    }


def _recorder(state_class: type) -> GradientNormRecorder:
    def init_fn(params: Any) -> Any:
        del params
        return state_class(norm=jnp.zeros((), jnp.float32))

    def update_fn(updates: Any, state: Any, params: Any = None, **extra: Any) -> tuple[Any, Any]:
        del state, params, extra
        # `player_norms` is the public norm that does not overflow; it needs two players.
        norm = diagnostics.player_norms(mm.Players(updates, updates)).min
        return updates, state_class(norm=norm.astype(jnp.float32))

    return optax.GradientTransformationExtraArgs(init_fn, update_fn)
