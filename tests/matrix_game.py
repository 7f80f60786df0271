"""A matrix game on two simplices, and its field and projection in NumPy."""

import jax
import jax.numpy as jnp
import numpy as np

import minmax_jax as mm

PAYOFFS = np.array([[2.0, -1.0, 0.5], [-0.5, 1.0, -1.0], [0.3, 0.2, 1.5], [1.0, -2.0, 0.7]])
LIPSCHITZ = np.linalg.norm(PAYOFFS, 2)
ROWS = len(PAYOFFS)


def field(z):
    """Returns the field at the joint vector z."""
    return np.concatenate([PAYOFFS @ z[ROWS:], -PAYOFFS.T @ z[:ROWS]])


def project(z):
    """Projects both halves of the joint vector z onto simplices."""
    return np.concatenate([_onto_simplex(z[:ROWS]), _onto_simplex(z[ROWS:])])


def _onto_simplex(x):
    ordered = np.sort(x)[::-1]
    excess = (np.cumsum(ordered) - 1) / np.arange(1, x.size + 1)
    return np.maximum(x - excess[np.nonzero(ordered > excess)[0][-1]], 0)


def gap(z):
    """Returns the duality gap of the joint vector z."""
    return np.max(PAYOFFS.T @ z[:ROWS]) - np.min(PAYOFFS @ z[ROWS:])


def iterates(make, num_steps):
    """Returns the joint vectors z_0 … z_n of the optimizer `make(projection)`, in float64."""
    with jax.enable_x64(True):
        game = mm.games.matrix(PAYOFFS)
        start = jax.tree.map(lambda x: jnp.asarray(x, jnp.float64), game.start)

        def run(z):
            return mm.solve(
                make(game.projection), game.field_fn, z, num_steps, record=lambda step, z, u, s: z
            ).records

        return np.vstack([np.concatenate(start), np.hstack(jax.jit(run)(start))])
