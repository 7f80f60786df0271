"""Matrices of affine maps and of color maps."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

LUMA = np.ones(3, np.float32) / np.sqrt(3, dtype=np.float32)
"""Direction in which only the brightness of a color changes."""


def shift_back(x: jax.Array, y: jax.Array) -> jax.Array:
    """Returns the inverse map of a shift by (x, y) pixels."""
    return _affine(1.0, 0.0, -x, 0.0, 1.0, -y)


def scale_back(x: jax.Array, y: jax.Array) -> jax.Array:
    """Returns the inverse map of an enlargement by the factors x and y."""
    return _affine(1.0 / x, 0.0, 0.0, 0.0, 1.0 / y, 0.0)


def turn(angle: jax.Array) -> jax.Array:
    """Returns the rotation of (x, y) by an angle in radians."""
    sin, cos = jnp.sin(angle), jnp.cos(angle)
    return _affine(cos, -sin, 0.0, sin, cos, 0.0)


def color_map(matrix: Any, offset: jax.Array | float = 0.0) -> jax.Array:
    """Returns the 4×4 matrix of `color -> matrix @ color + offset`."""
    upper = jnp.column_stack([matrix, jnp.broadcast_to(offset, (3,))])
    return jnp.concatenate([upper, jnp.eye(4)[3:]])


def _affine(*values: Any) -> jax.Array:
    """Returns the 3×3 matrix of an affine map from its two upper rows."""
    return jnp.stack([jnp.asarray(value, jnp.float32) for value in (*values, 0, 0, 1)]).reshape(
        3, 3
    )
