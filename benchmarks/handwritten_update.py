"""Hand-written JAX updates, as baselines of the suite `update`.

They do not guard against overflow or underflow.
"""

import jax
import jax.numpy as jnp
import optax


def nsgda(learning_rate: float) -> optax.GradientTransformation:
    """Normalizes the gradient of each leaf."""

    def update(updates, state, params=None):
        del params
        steps = jax.tree.map(lambda g: (-learning_rate / norm(g)).astype(g.dtype) * g, updates)
        return steps, state

    return optax.GradientTransformation(lambda params: optax.EmptyState(), update)


def ada_nsgda(
    learning_rate: float, b1: float = 0.9, b2: float = 0.999, eps: float = 1e-8
) -> optax.GradientTransformation:
    """Steps along the gradient of each leaf, with the norm of Adam's step."""

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
            return (-learning_rate * norm(adam) / norm(g)).astype(g.dtype) * g

        return jax.tree.map(step, first, second, updates), (count, first, second)

    return optax.GradientTransformation(init, update)


def norm(leaf):
    return jnp.sqrt(jnp.sum(jnp.square(leaf.astype(jnp.float32))))
