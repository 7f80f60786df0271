"""Small games with several leaves and known solutions, for the shared tests."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

import minmax_jax as mm
from minmax_jax._util.products import product


class Problem(NamedTuple):
    """A game with its payoff, starting point and solution."""

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
        """Returns the game with exchanged players and negated payoff."""
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
    return jnp.sum(x * product(jnp.asarray(_COUPLING, x.dtype), y))


def _square(tree):
    return jnp.sum(jnp.square(_flat(tree)))


quadratic = Problem(
    lambda z: 0.5 * _square(z.min) + 0.3 * _coupled(z) - 0.5 * _square(z.max),
    _start(0, _ZERO),
    _ZERO,
)
"""A strongly convex–concave game, which every method should solve."""

bilinear = Problem(lambda z: z.min * z.max, mm.Players(1.0, 1.0), mm.Players(0.0, 0.0))
"""The game f = xy, on which gradient descent–ascent diverges."""


def orbit(optimizer, num_steps, start=1.0 + 0.5j):
    """Returns the iterates x + iy on f = xy, including the start. The field is −i (x + iy)."""
    z = mm.Players(jnp.asarray(start.real, float), jnp.asarray(start.imag, float))

    def run(z):
        return mm.solve(
            optimizer, bilinear.field_fn, z, num_steps, record=lambda step, z, u, s: z
        ).records

    points = jax.jit(run)(z)
    return np.concatenate([[start], np.asarray(points.min) + 1j * np.asarray(points.max)])


curved = Problem(
    lambda z: _coupled(z) + 0.5 * jnp.sum(jnp.tanh(_flat(z.min)) ** 2) - 0.25 * _square(z.max) ** 2,
    _start(1, _ZERO),
    _ZERO,
)
"""A game that is neither quadratic nor separable, so its Jacobian is not constant."""


class Games(NamedTuple):
    """The games on which the tests of the register run a method.

    Attributes:
      quadratic: Strongly convex–concave game with a known solution.
      curved: Game whose Jacobian is not constant.
      feasible: Function from an array to a feasible array of the same shape.
    """

    quadratic: Problem
    curved: Problem
    feasible: Any


UNCONSTRAINED = Games(quadratic, curved, lambda array: array)

_STRATEGIES = mm.Players(
    min={"a": jnp.zeros(2), "b": jnp.zeros(2)}, max={"c": jnp.zeros((2, 2)), "d": jnp.zeros(3)}
)


def _softmax(tree):
    return jax.tree.map(lambda leaf: jax.nn.softmax(leaf, axis=-1), tree)


def _from_uniform(payoff):
    """Returns a payoff of probability vectors that depends on the distance from uniform ones."""

    def shifted(z):
        return payoff(jax.tree.map(lambda leaf: leaf - 1 / leaf.shape[-1], z))

    return shifted


def _on_simplices(seed, payoff):
    start, uniform = _softmax(_start(seed, _STRATEGIES)), _softmax(_STRATEGIES)
    return Problem(_from_uniform(payoff), start, uniform)


SIMPLICES = Games(
    _on_simplices(0, quadratic.payoff), _on_simplices(1, curved.payoff), jax.nn.softmax
)
"""The same games, shifted so that uniform probabilities are their solution."""


def batch_payoff(z, data):
    """Returns the mean over the examples of a payoff that depends on the example."""

    def one(example):
        bent = product(jnp.tanh(_flat(z.min) + example), _COUPLING, _flat(z.max)[:4])
        return bent + 0.5 * _square(z.min) * jnp.sum(example**2) - 0.5 * _square(z.max)

    return jnp.mean(jax.vmap(one)(data))


batch_data = jax.random.normal(jax.random.key(7), (8, 4))
