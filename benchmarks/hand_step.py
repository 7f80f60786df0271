"""GAN steps written by hand in JAX and Optax: the loops that the library has to equal."""

from collections.abc import Callable
from typing import Any

import jax
import optax

import minmax_jax as mm


def simultaneous(make_losses: Callable[..., Any], rate: float, adam: Any, eps: float) -> Any:
    """Both players step from where both stand."""
    rule = optax.adam(rate, **adam, eps=eps)

    def step(z: Any, state: Any, batch: Any) -> Any:
        min_loss, max_loss = make_losses(batch)
        g, d = z
        g_gradient = jax.grad(lambda g: min_loss(mm.Players(g, d)))(g)
        d_gradient = jax.grad(lambda d: max_loss(mm.Players(g, d)))(d)
        g_updates, g_state = rule.update(g_gradient, state[0], g)
        d_updates, d_state = rule.update(d_gradient, state[1], d)
        z = mm.Players(optax.apply_updates(g, g_updates), optax.apply_updates(d, d_updates))
        return z, (g_state, d_state)

    return step, lambda z: tuple(rule.init(player) for player in z)


def alternating(make_losses: Callable[..., Any], rate: float, adam: Any, eps: float) -> Any:
    """The discriminator steps first, and the generator meets it there."""
    rule = optax.adam(rate, **adam, eps=eps)

    def step(z: Any, state: Any, batch: Any) -> Any:
        min_loss, max_loss = make_losses(batch)
        g, d = z
        d_gradient = jax.grad(lambda d: max_loss(mm.Players(g, d)))(d)
        d_updates, d_state = rule.update(d_gradient, state[1], d)
        d = optax.apply_updates(d, d_updates)
        g_gradient = jax.grad(lambda g: min_loss(mm.Players(g, d)))(g)
        g_updates, g_state = rule.update(g_gradient, state[0], g)
        return mm.Players(optax.apply_updates(g, g_updates), d), (g_state, d_state)

    return step, lambda z: tuple(rule.init(player) for player in z)


def extragradient(make_losses: Callable[..., Any], rate: float, adam: Any, eps: float) -> Any:
    """A trial step, and a step from the start by the gradients found there."""
    del adam, eps  # plain gradients

    def step(z: Any, state: Any, batch: Any) -> Any:
        min_loss, max_loss = make_losses(batch)

        def gradients(g: Any, d: Any) -> tuple[Any, Any]:
            return (
                jax.grad(lambda g: min_loss(mm.Players(g, d)))(g),
                jax.grad(lambda d: max_loss(mm.Players(g, d)))(d),
            )

        def descend(tree: Any, gradient: Any) -> Any:
            return jax.tree.map(lambda p, g: p - rate * g, tree, gradient)

        g, d = z
        trial = [descend(player, found) for player, found in zip(z, gradients(g, d), strict=True)]
        found = gradients(*trial)
        return mm.Players(descend(g, found[0]), descend(d, found[1])), state

    return step, lambda z: ()


ORDERS: dict[str, Callable[..., Any]] = {
    "simultaneous": simultaneous,
    "alternating": alternating,
    "extragradient": extragradient,
}
"""Name -> `(losses of a batch, rate, Adam's constants, eps) -> (step, state of z)`."""
