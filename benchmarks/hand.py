"""Updates written by hand in JAX: what one would type without a library.

They keep no promise about overflow, and are there to be measured against.
"""

import jax
import jax.numpy as jnp
import optax


def nsgda(rate: float) -> optax.GradientTransformation:
    """A layer's gradient over its norm."""

    def update(updates, state, params=None):
        del params
        return jax.tree.map(lambda g: (-rate / norm(g)).astype(g.dtype) * g, updates), state

    return optax.GradientTransformation(lambda params: optax.EmptyState(), update)


def ada_nsgda(
    rate: float, b1: float = 0.9, b2: float = 0.999, eps: float = 1e-8
) -> optax.GradientTransformation:
    """The norm of Adam's step along the gradient, layer by layer."""

    def init(params):
        zeros = jax.tree.map(jnp.zeros_like, params)
        return jnp.zeros((), jnp.int32), zeros, zeros

    def update(updates, state, params=None):
        del params
        count, first, second = state
        count += 1
        first = jax.tree.map(lambda m, g: b1 * m + (1 - b1) * g, first, updates)
        second = jax.tree.map(lambda v, g: b2 * v + (1 - b2) * g * g, second, updates)

        def step(m, v, g):
            corrected = jnp.sqrt(v / (1 - b2**count).astype(v.dtype)) + eps
            adam = m / (1 - b1**count).astype(m.dtype) / corrected
            return (-rate * norm(adam) / norm(g)).astype(g.dtype) * g

        return jax.tree.map(step, first, second, updates), (count, first, second)

    return optax.GradientTransformation(init, update)


def norm(leaf):
    return jnp.sqrt(jnp.sum(jnp.square(leaf.astype(jnp.float32))))
