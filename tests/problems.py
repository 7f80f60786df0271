"""Small games for the laws: trees of several leaves, known solutions, data that can be split."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

import minmax_jax as mm


class Problem(NamedTuple):
    """A game: its payoff `payoff(players)`, or `payoff(players, data)`; where to start; the end."""

    payoff: Any
    start: Any
    solution: Any

    @property
    def field_fn(self):
        return mm.zero_sum(self.payoff)

    @property
    def payoff_fn(self):
        return mm.payoff(self.payoff)

    def mirrored(self):
        """The same game with the players' seats, and the payoff's sign, exchanged."""
        return Problem(
            lambda z: -self.payoff(mm.Players(z.max, z.min)),
            mm.Players(self.start.max, self.start.min),
            mm.Players(self.solution.max, self.solution.min),
        )


def _start(seed, like):
    leaves, structure = jax.tree.flatten(like)
    keys = jax.random.split(jax.random.key(seed), len(leaves))
    return jax.tree.unflatten(
        structure, [jax.random.normal(k, x.shape) for k, x in zip(keys, leaves, strict=True)]
    )


_ZERO = mm.Players(
    min={"a": jnp.zeros(3), "b": jnp.zeros(())}, max={"c": jnp.zeros((2, 2)), "d": jnp.zeros(2)}
)
_COUPLING = jnp.array(
    [[1.0, 0.5, -0.3, 0.2], [0.1, -0.8, 0.4, 0.6], [-0.5, 0.3, 0.9, -0.2], [0.4, -0.1, 0.2, 1.1]]
)


def _flat(tree):
    return jnp.concatenate([jnp.ravel(leaf) for leaf in jax.tree.leaves(tree)])


def _coupled(z):
    x, y = _flat(z.min), _flat(z.max)[:4]
    return jnp.sum(x * (jnp.asarray(_COUPLING, x.dtype) @ y))


def _square(tree):
    return jnp.sum(jnp.square(_flat(tree)))


quadratic = Problem(
    lambda z: 0.5 * _square(z.min) + 0.3 * _coupled(z) - 0.5 * _square(z.max),
    _start(0, _ZERO),
    _ZERO,
)
"""Strongly convex in x, strongly concave in y, coupled: every method should solve it."""

bilinear = Problem(lambda z: z.min * z.max, mm.Players(1.0, 1.0), mm.Players(0.0, 0.0))
"""f = xy: plain descent–ascent diverges."""


def orbit(optimizer, num_steps, start=1.0 + 0.5j):
    """The players on f = xy as x + iy, `num_steps` + 1 of them; the field there is −i (x + iy)."""
    z = mm.Players(jnp.asarray(start.real, float), jnp.asarray(start.imag, float))

    def run(z):
        return mm.solve(
            optimizer, bilinear.field_fn, z, num_steps, record=lambda step, z, u, s: z
        ).records

    seen = jax.jit(run)(z)
    return np.concatenate([[start], np.asarray(seen.min) + 1j * np.asarray(seen.max)])


curved = Problem(
    lambda z: _coupled(z) + 0.5 * jnp.sum(jnp.tanh(_flat(z.min)) ** 2) - 0.25 * _square(z.max) ** 2,
    _start(1, _ZERO),
    _ZERO,
)
"""Neither quadratic nor separable: a Jacobian that changes from place to place."""


def batch_payoff(z, data):
    """A payoff with data: the mean over examples of a game that each example bends."""

    def one(example):
        bent = jnp.tanh(_flat(z.min) + example) @ jnp.asarray(_COUPLING) @ _flat(z.max)[:4]
        return bent + 0.5 * _square(z.min) * jnp.sum(example**2) - 0.5 * _square(z.max)

    return jnp.mean(jax.vmap(one)(data))


batch_data = jax.random.normal(jax.random.key(7), (8, 4))
