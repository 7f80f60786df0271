"""Norms of the gradients that a method really used, at whatever points it took them.

Many methods use the gradient of one player, or of both, elsewhere than where the step
begins. To log the gradient at the beginning would revive what is dead code to XLA, so a
named optimizer is given a `transform` that changes nothing and remembers a norm.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

import minmax_jax as mm
from minmax_jax import diagnostics


class MinGradient(NamedTuple):
    """State of the min player's watcher.

    Attributes:
      norm: float32 scalar, of the last gradient that the method's rule was given.
    """

    norm: jax.Array


class MaxGradient(NamedTuple):
    """State of the max player's watcher; see `MinGradient`."""

    norm: jax.Array


QUANTITIES = ("used_gradient_norm_min", "used_gradient_norm_max")
"""What `read` returns."""


def watchers() -> mm.Players:
    """Returns each player's `transform=` for a named optimizer: the identity, with a norm kept.

    Where a method gives its rule several fields within one update (a trial point, further
    discriminator steps), the last one counts, which is that of the real step; where the
    rule is given a combined direction (`consensus`, `symplectic`), its norm counts. A
    rejected step of a greedy method takes its norm back with it.
    """
    return mm.Players(min=_watcher(MinGradient), max=_watcher(MaxGradient))


def read(optimizer_state: Any) -> dict[str, jax.Array]:
    """Returns the remembered norms by name, from wherever in the state they are."""
    sides = (MinGradient, MaxGradient)
    nodes = jax.tree.leaves(optimizer_state, is_leaf=lambda node: isinstance(node, sides))
    return {
        name: node.norm
        for side, name in zip(sides, QUANTITIES, strict=True)
        for node in nodes
        if isinstance(node, side)
    }


def _watcher(state_class: type) -> optax.GradientTransformationExtraArgs:
    def init_fn(params: Any) -> Any:
        del params
        return state_class(norm=jnp.zeros((), jnp.float32))

    def update_fn(updates: Any, state: Any, params: Any = None, **extra: Any) -> tuple[Any, Any]:
        del state, params, extra
        # The public norm that neither overflows nor underflows is of two players.
        norm = diagnostics.player_norms(mm.Players(updates, updates)).min
        return updates, state_class(norm=norm.astype(jnp.float32))

    return optax.GradientTransformationExtraArgs(init_fn, update_fn)
