"""Eigenvalues of the Jacobian along a trajectory, and the field in the plane."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

import minmax_jax as mm
from experiments.games.suite import Config, center, flat, make_optimizer, starts

POINTS = 40
ARROWS = 13


def eigenvalues(
    config: Config, factory: Any, learning_rate: float, game: mm.games.Game
) -> dict[str, list[Any]]:
    """Computes eigenvalues at logarithmically spaced updates of the first start."""
    start = jax.tree.map(lambda x: x[0], starts(game, 1))
    restore = ravel_pytree(start)[1]
    wanted = np.unique(np.geomspace(1, config.budget, POINTS).round().astype(int)) - 1

    @jax.jit
    def run() -> jax.Array:
        seen = mm.solve(
            make_optimizer(factory, learning_rate, game),
            game.field_fn,
            start,
            config.budget,
            payoff_fn=game.payoff_fn,
            key=jax.random.key(0),
            record=lambda step, z, updates, state: flat(z),
        ).records
        points = jnp.concatenate([flat(start)[None], seen])[wanted]
        return jax.lax.map(lambda z: mm.diagnostics.jacobian(game.field_fn, restore(z)), points)

    matrices = np.asarray(run())
    finite = np.isfinite(matrices).all(axis=(1, 2))
    values = np.linalg.eigvals(matrices[finite])
    rounded = [
        sorted([float(f"{v.real + 0.0:.4g}"), float(f"{v.imag + 0.0:.4g}")] for v in row)
        for row in values
    ]
    return {"updates": wanted[finite].tolist(), "eigenvalues": rounded}


def plane(game: mm.games.Game) -> dict[str, Any] | None:
    """Returns the window to draw and the directions of −F on a grid, or None outside the plane."""
    middle, restore = ravel_pytree(center(game))
    if middle.size != 2:
        return None
    radius = float(np.linalg.norm(np.asarray(flat(game.start) - middle)))
    ticks = np.linspace(-1.5 * radius, 1.5 * radius, ARROWS)
    grid = np.stack(np.meshgrid(ticks, ticks), -1).reshape(-1, 2) + np.asarray(middle)
    arrows = -np.asarray(jax.vmap(lambda z: flat(game.field_fn(restore(z))))(jnp.asarray(grid)))
    arrows /= np.maximum(np.linalg.norm(arrows, axis=1, keepdims=True), 1e-12)
    return {
        "centre": np.asarray(middle).tolist(),
        "radius": radius,
        "ticks": ticks.round(4).tolist(),
        "arrows": arrows.round(2).tolist(),
    }
