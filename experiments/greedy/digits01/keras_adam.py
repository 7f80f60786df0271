"""Adam as in the authors' code: one Keras optimizer serves both networks.

The object has moments for each network, but a single count of steps t. It advances with every step
of either network, so t is about twice the number of steps of each. Keras writes Adam as

    p ← p − η √(1 − b₂ᵗ) / (1 − b₁ᵗ) · m / (√v + ε),   ε = 1e-7,

and its discriminator loss is half of ours (a mean over real and generated images together), which
is the same as ε = 2e-7 here.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import optax

import minmax_jax as mm

B2, EPS = 0.999, 1e-7


def both_players(learning_rate: float, b1: float) -> mm.Players:
    """Returns the optimizers of both players.

    They take steps in turn, beginning with one step of the max player before the run: it has
    t = 1, 3, 5, …, and the min player t = 2, 4, 6, ….
    """
    return mm.Players(
        min=_adam(learning_rate, b1, EPS, lambda count: 2 * count),
        max=_adam(learning_rate, b1, 2 * EPS, lambda count: 2 * count - 1),
    )


def _adam(
    learning_rate: float, b1: float, eps: float, common: Callable[[jax.Array], jax.Array]
) -> optax.GradientTransformation:
    """Returns Adam; `common` maps the player's own count of steps, from 1, to t."""

    def init(params: optax.Params) -> optax.ScaleByAdamState:
        zeros = optax.tree.zeros_like(params)
        return optax.ScaleByAdamState(jnp.zeros([], jnp.int32), zeros, zeros)

    def update(
        grads: optax.Updates, state: optax.ScaleByAdamState, params: optax.Params | None = None
    ) -> tuple[optax.Updates, optax.ScaleByAdamState]:
        del params
        count = optax.safe_increment(state.count)
        mu = optax.tree.update_moment(grads, state.mu, b1, 1)
        nu = optax.tree.update_moment(grads, state.nu, B2, 2)
        t = common(count).astype(jnp.float32)
        rate = learning_rate * jnp.sqrt(1 - B2**t) / (1 - b1**t)
        steps = jax.tree.map(lambda m, v: -rate * m / (jnp.sqrt(v) + eps), mu, nu)
        return steps, optax.ScaleByAdamState(count, mu, nu)

    return optax.GradientTransformation(init, update)
