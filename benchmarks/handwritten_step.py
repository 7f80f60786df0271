"""Hand-written JAX training steps, as baselines of the suite `step`."""

from collections.abc import Callable
from typing import Any

import jax
import optax

import minmax_jax as mm


def simultaneous(
    make_losses: Callable[..., Any], learning_rate: float, adam: Any, eps: float
) -> Any:
    """Returns a step that updates both players from the current parameters."""
    tx = optax.adam(learning_rate, **adam, eps=eps)

    def step(z: Any, state: Any, batch: Any) -> Any:
        min_loss, max_loss = make_losses(batch)
        g, d = z
        g_gradient = jax.grad(lambda g: min_loss(mm.Players(g, d)))(g)
        d_gradient = jax.grad(lambda d: max_loss(mm.Players(g, d)))(d)
        g_updates, g_state = tx.update(g_gradient, state[0], g)
        d_updates, d_state = tx.update(d_gradient, state[1], d)
        z = mm.Players(optax.apply_updates(g, g_updates), optax.apply_updates(d, d_updates))
        return z, (g_state, d_state)

    return step, lambda z: tuple(tx.init(player) for player in z)


def alternating(
    make_losses: Callable[..., Any], learning_rate: float, adam: Any, eps: float
) -> Any:
    """Returns a step that updates the generator with the new discriminator."""
    tx = optax.adam(learning_rate, **adam, eps=eps)

    def step(z: Any, state: Any, batch: Any) -> Any:
        min_loss, max_loss = make_losses(batch)
        g, d = z
        d_gradient = jax.grad(lambda d: max_loss(mm.Players(g, d)))(d)
        d_updates, d_state = tx.update(d_gradient, state[1], d)
        d = optax.apply_updates(d, d_updates)
        g_gradient = jax.grad(lambda g: min_loss(mm.Players(g, d)))(g)
        g_updates, g_state = tx.update(g_gradient, state[0], g)
        return mm.Players(optax.apply_updates(g, g_updates), d), (g_state, d_state)

    return step, lambda z: tuple(tx.init(player) for player in z)


def extragradient(
    make_losses: Callable[..., Any], learning_rate: float, adam: Any, eps: float
) -> Any:
    """Returns an extragradient step with plain gradients."""
    del adam, eps

    def step(z: Any, state: Any, batch: Any) -> Any:
        min_loss, max_loss = make_losses(batch)

        def gradients(g: Any, d: Any) -> tuple[Any, Any]:
            return (
                jax.grad(lambda g: min_loss(mm.Players(g, d)))(g),
                jax.grad(lambda d: max_loss(mm.Players(g, d)))(d),
            )

        def descend(tree: Any, gradient: Any) -> Any:
            return jax.tree.map(lambda p, g: p - learning_rate * g, tree, gradient)

        g, d = z
        first = gradients(g, d)
        lookahead = descend(g, first[0]), descend(d, first[1])
        found = gradients(*lookahead)
        return mm.Players(descend(g, found[0]), descend(d, found[1])), state

    return step, lambda z: ()


ORDERS: dict[str, Callable[..., Any]] = {
    "simultaneous": simultaneous,
    "alternating": alternating,
    "extragradient": extragradient,
}
"""Update orders by name: `(losses of a batch, learning rate, betas, eps) -> (step, init)`."""
