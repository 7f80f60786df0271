"""Cosines of the one-sided MVI for all seeds and reference points of a run.

`minmax_jax.diagnostics.one_sided_mvi` measures one run with one reference point. Here, gradients
are computed once for all reference points, and all seeds are in one program.
"""

import functools
from collections.abc import Iterable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import minmax_jax as mm

NUM_DRAWS = 8
"""Number of batches over which a gradient is averaged."""
UNIT = mm.normalize(scope="global")
"""Scales a tree to norm 1; a zero tree stays zero."""


def cosines_along(
    field_fn: mm.FieldFn, run: Iterable[mm.Players], references: dict[str, Any]
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Returns the cosine between ∇ₓf(x_t, y_t) and x_t − x* along a run.

    Args:
      field_fn: Field whose `min` is ∇ₓf; it receives keys.
      run: Points (x_t, y_t); leaves have a leading axis over seeds.
      references: Points x* by name, with the same leading axis.

    Returns:
      For each name, the cosine and whether x_t differs from x*, both over (seed, time).
    """
    rows = [
        jax.tree.map(np.asarray, _at(field_fn, players, references, index))
        for index, players in enumerate(run)
    ]
    return jax.tree.map(lambda *values: np.stack(values, axis=1), *rows)


@functools.partial(jax.jit, static_argnums=0)
def _at(field_fn: mm.FieldFn, players: mm.Players, references: dict[str, Any], index: Any) -> Any:
    """Returns the values of `cosines_along` at one time, the one with the given index."""

    def one(z: mm.Players, points: dict[str, Any], seed: jax.Array) -> Any:
        key = jax.random.fold_in(jax.random.key(17), seed)

        def add(total: Any, draw: jax.Array) -> tuple[Any, None]:
            gradient = field_fn(z, jax.random.fold_in(key, draw)).min
            return jax.tree.map(jnp.add, total, gradient), None

        draws = index * NUM_DRAWS + jnp.arange(NUM_DRAWS)
        gradient = unit(jax.lax.scan(add, jax.tree.map(jnp.zeros_like, z.min), draws)[0])
        found = {}
        for name, point in points.items():
            line = jax.tree.map(jnp.subtract, z.min, point)
            away = jnp.stack([jnp.any(leaf != 0) for leaf in jax.tree.leaves(line)]).any()
            found[name] = inner(gradient, unit(line)), away
        return found

    seeds = jnp.arange(len(jax.tree.leaves(players)[0]))
    return jax.vmap(one)(players, references, seeds)


def unit(tree: Any) -> Any:
    """Scales a tree to norm 1."""
    return UNIT.update(tree, UNIT.init(tree))[0]


def inner(a: Any, b: Any) -> jax.Array:
    """Returns the inner product of two trees."""
    parts = jax.tree.map(lambda x, y: jnp.sum(x * y), a, b)
    return jnp.sum(jnp.stack(jax.tree.leaves(parts)))
