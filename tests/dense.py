"""Quadratic games with a dense Jacobian, for tests of second-order methods."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

import minmax_jax as mm
from minmax_jax._util.products import product

START = mm.Players(
    min={"a": jnp.array([1.0, -2.0]), "b": jnp.array(0.5)},
    max={"c": jnp.array([[0.3, -0.7], [1.1, 0.4]])},
)
MIN, MAX = slice(0, 3), slice(3, 7)


class Dense(NamedTuple):
    """A game with the field F(z) = M z. The diagonal blocks of M are symmetric."""

    matrix: np.ndarray
    field_fn: Any
    min_loss: Any


def flat(tree):
    return np.concatenate([np.ravel(np.asarray(leaf, float)) for leaf in jax.tree.leaves(tree)])


def game(seed, *, zero_sum):
    random = np.random.default_rng(seed)
    m = random.normal(size=(7, 7))
    m[MIN, MIN] = (m[MIN, MIN] + m[MIN, MIN].T) / 2
    m[MAX, MAX] = (m[MAX, MAX] + m[MAX, MAX].T) / 2
    if zero_sum:
        m[MAX, MIN] = -m[MIN, MAX].T

    def parts(z):
        x, y = (jnp.concatenate([jnp.ravel(v) for v in jax.tree.leaves(side)]) for side in z)
        return x, y, jnp.asarray(m, x.dtype)

    def min_loss(z):
        x, y, a = parts(z)
        return product(0.5 * x, a[MIN, MIN], x) + product(x, a[MIN, MAX], y)

    def max_loss(z):
        x, y, a = parts(z)
        return product(0.5 * y, a[MAX, MAX], y) + product(y, a[MAX, MIN], x)

    def payoff(z):
        _, y, a = parts(z)
        return min_loss(z) - product(0.5 * y, a[MAX, MAX], y)

    field_fn = mm.zero_sum(payoff) if zero_sum else mm.general_sum(min_loss, max_loss)
    return Dense(m, field_fn, min_loss)


def off_diagonal(m):
    """Returns J°, the Jacobian without its diagonal blocks."""
    m = m.copy()
    m[MIN, MIN] = 0
    m[MAX, MAX] = 0
    return m


def one_update(tx, field_fn, z=START, state=None, **extra):
    """Returns the flat updates and the state after one compiled update."""

    @jax.jit
    def update(z, state):
        return tx.update(field_fn(z), state, z, field_fn=field_fn, **extra)

    updates, state = update(z, tx.init(z) if state is None else state)
    return flat(updates), state
